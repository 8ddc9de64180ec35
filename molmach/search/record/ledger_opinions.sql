CREATE TABLE opinions (              -- predictions, where there are several objectives
    proposal INTEGER NOT NULL,
    objective INTEGER NOT NULL,     -- its number, from 0
    mean REAL NOT NULL, sd REAL NOT NULL,
    PRIMARY KEY (proposal, objective)
) WITHOUT ROWID;
