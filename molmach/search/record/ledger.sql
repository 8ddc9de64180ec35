CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE machines (
    key TEXT PRIMARY KEY,           -- sha256 of machine, drive and bath
    smiles TEXT NOT NULL,
    design TEXT NOT NULL,           -- the design that was proposed first
    agent TEXT NOT NULL             -- who proposed it
) WITHOUT ROWID;

CREATE TABLE proposals (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    batch INTEGER NOT NULL,         -- how often the agent had been asked before
    machine TEXT,                   -- NULL where the design is no machine
    design TEXT NOT NULL,
    rationale TEXT NOT NULL,
    mean REAL, sd REAL,             -- the agent's own prediction of the first objective
    state TEXT NOT NULL,            -- queued, started, repeat, infeasible
    reason TEXT NOT NULL DEFAULT '',
    made REAL NOT NULL              -- seconds since the epoch
);
CREATE INDEX proposals_by_agent ON proposals (agent, state);
CREATE INDEX proposals_by_machine ON proposals (machine);

CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY,         -- in the order in which they were finished
    key TEXT NOT NULL UNIQUE,       -- sha256 of all that the numbers depend on
    machine TEXT NOT NULL,
    agent TEXT NOT NULL,
    rung INTEGER NOT NULL,          -- -1: confirmation
    seed TEXT NOT NULL,
    ok INTEGER NOT NULL,
    reason TEXT NOT NULL,           -- why it failed
    value REAL, error REAL, low REAL, high REAL,    -- first objective, greater is better
    others TEXT NOT NULL,           -- the other objectives, JSON
    controls TEXT NOT NULL,         -- of a confirmation, JSON
    seconds REAL NOT NULL,          -- core seconds; 0 where it was reused
    steps INTEGER NOT NULL,
    reused INTEGER NOT NULL,        -- whether another campaign had done it
    finished REAL NOT NULL
);
CREATE INDEX evaluations_by_machine ON evaluations (machine, rung);
CREATE INDEX evaluations_by_low ON evaluations (low);
CREATE INDEX evaluations_by_agent ON evaluations (agent);

CREATE TABLE samples (key TEXT PRIMARY KEY, samples TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE theory (
    machine TEXT PRIMARY KEY,
    means TEXT NOT NULL, sds TEXT NOT NULL,         -- of each objective, greater is better; JSON
    model TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    kind TEXT NOT NULL,             -- started, stopped, finished, agent_failed, agent_benched, estimator_failed, lost, retried, told
    who TEXT NOT NULL,
    text TEXT NOT NULL
);
