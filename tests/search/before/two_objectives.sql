BEGIN TRANSACTION;
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
INSERT INTO "evaluations" VALUES(1,'9f2c76e8097dfdf22931ae552d6f2e0c363ce8dd5ae7cc83c6662140509e2318','47c50ea266e9fcced3c0d0b9073ec4c0dbf2ddf2c5e04b05c8d0e9103b46ac15','random',0,'5355788416451019772',1,'',2.14149999999999973709e+00,1.50695332818682026232e-01,1.66192019484768649384e+00,2.97628361796006668527e+00,'[[-2.076, 0.2022152318694119, -2.7195391175348984, -1.432460882465102]]','{}',1.0,100,0,1.7960977444921607971e+09);
INSERT INTO "evaluations" VALUES(2,'df206d07b354ba444edf0e96f4a8476142c4ea8b557c3dcee815d33662b83aeb','67d7813e5f1f302b3e924e71e037977168010efbeb386bdbe64b8acfdc461db2','random',0,'7769761672706008694',1,'',1.0865,8.53585574698479260247e-02,8.14850974155735485737e-01,1.67793142432034203537e+00,'[[1.8155000000000001, 0.05180170524863698, 1.6506438545240796, 1.9803561454759206]]','{}',1.0,100,0,1.79609774449856972691e+09);
INSERT INTO "evaluations" VALUES(3,'24f45fa9eb1ff50adfba27e380529f6d9ff74385d7d27354b268991e8e7e178d','c0c1bca76a9d713b41f1b40c069f68a89cb7d28950484b6e43c71fa2a4ecc31b','random',0,'835817931333193814',1,'',7.34999999999999820143e-02,1.73219273369526249872e-01,-0.860119830778963,6.24761036538777347892e-01,'[[1.025, 0.20925542605469835, 0.359055842491657, 1.6909441575083428]]','{}',1.0,100,0,1.79609774450656890874e+09);
INSERT INTO "evaluations" VALUES(4,'ae7c636df31994c563e17333e71bb537c8c687390833987e9796b7e30a833d66','67d7813e5f1f302b3e924e71e037977168010efbeb386bdbe64b8acfdc461db2','random',1,'6601633808334183957',1,'',1.0865,8.53585574698479260247e-02,8.14850974155735485737e-01,1.67793142432034203537e+00,'[[1.8155000000000001, 0.05180170524863698, 1.6506438545240796, 1.9803561454759206]]','{}',1.0,100,0,1.79609774450969266888e+09);
INSERT INTO "evaluations" VALUES(5,'184d8c99de5f5c396e71e9bf388760a2b926513e7c518e201a89ad4ab4d9796f','9a19a92c20b1d0d39cf9bf1dc4d40a559443317593621281a0ab0acc1714768c','random',0,'317761879934797153',1,'',-1.1535,1.958913389271375316e-01,-1.77691366780574733219e+00,-5.15986358923420262989e-01,'[[-0.155, 0.1279225025813155, -0.562106495702553, 0.25210649570255306]]','{}',1.0,100,0,1.79609774451181054117e+09);
INSERT INTO "evaluations" VALUES(6,'a13fab3354aa0941a881907ecddc28d85a6034c887d0e005c5d2c63981d0c08e','0fffccab0c3a18160e2826f303bc5b31da59983c5acd1ec2889932585b59e991','random',0,'4027234496805858638',1,'',1.79275,8.04460222758093118633e-02,1.53673485363357986699e+00,2.04876514636642026445e+00,'[[0.22849999999999998, 0.022054855852321194, 0.15831160547921563, 0.29868839452078433]]','{}',1.0,100,0,1.79609774465298318866e+09);
INSERT INTO "evaluations" VALUES(7,'c2dedec64b4e99feaf509fb82759c1905091a03a82ee46c8179c926c62a2bb08','97f7d90489433a1c6e0f90dfa780c41c00cb30e19b342c0cdaac18aff81febf2','random',0,'47868066544004416',1,'',2.08000000000000018207e-01,1.66799280573988101261e-01,-5.20442312323782241278e-01,7.388297541866690743e-01,'[[0.5409999999999999, 0.13825941800350044, 0.10099682600408416, 0.9810031739959157]]','{}',1.0,100,0,1.7960977446559047699e+09);
INSERT INTO "evaluations" VALUES(8,'6a59a9b210ebbe7ecc4b7686024ec48f44e3eb1fa4ef298a2e18879287ea8eac','0fffccab0c3a18160e2826f303bc5b31da59983c5acd1ec2889932585b59e991','random',1,'3160726461532194998',1,'',1.79275,8.04460222758093118633e-02,1.53673485363357986699e+00,2.04876514636642026445e+00,'[[0.22849999999999998, 0.022054855852321194, 0.15831160547921563, 0.29868839452078433]]','{}',1.0,100,0,1.79609774466266322134e+09);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    kind TEXT NOT NULL,             -- started, stopped, finished, agent_failed, agent_benched, lost, retried
    who TEXT NOT NULL,
    text TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,1.7960977442171988487e+09,'started','','');
INSERT INTO "events" VALUES(2,1.79609774466384983062e+09,'finished','','all evaluations of the budget are done');
CREATE TABLE machines (
    key TEXT PRIMARY KEY,           -- sha256 of machine, drive and bath
    smiles TEXT NOT NULL,
    design TEXT NOT NULL,           -- the design that was proposed first
    agent TEXT NOT NULL             -- who proposed it
) WITHOUT ROWID;
INSERT INTO "machines" VALUES('0fffccab0c3a18160e2826f303bc5b31da59983c5acd1ec2889932585b59e991','C#Cc1ccc(C#C)c(C#N)c1','[[["R10","hydrogen"],["R11","cyano"]],[]]','random');
INSERT INTO "machines" VALUES('446619056ffb5f39817c3040ed39e15d75171dba6cf3c346dc72d4853ebdb3ef','C#Cc1ccc(C#C)c(F)c1','[[["R10","hydrogen"],["R11","fluoro"]],[]]','random');
INSERT INTO "machines" VALUES('47c50ea266e9fcced3c0d0b9073ec4c0dbf2ddf2c5e04b05c8d0e9103b46ac15','C#Cc1ccc(C#C)c(C#N)c1Cl','[[["R10","chloro"],["R11","cyano"]],[]]','random');
INSERT INTO "machines" VALUES('67d7813e5f1f302b3e924e71e037977168010efbeb386bdbe64b8acfdc461db2','C#Cc1ccc(C#C)c(C#N)c1F','[[["R10","cyano"],["R11","fluoro"]],[]]','random');
INSERT INTO "machines" VALUES('75d54af336ab200af80504c08fd10c6b5b7693ed975a86397b0f133abe6e5ff5','C#Cc1ccc(C#C)c(F)c1F','[[["R10","fluoro"],["R11","fluoro"]],[]]','random');
INSERT INTO "machines" VALUES('97f7d90489433a1c6e0f90dfa780c41c00cb30e19b342c0cdaac18aff81febf2','C#Cc1ccc(C#C)cc1','[[["R10","hydrogen"],["R11","hydrogen"]],[]]','random');
INSERT INTO "machines" VALUES('9a19a92c20b1d0d39cf9bf1dc4d40a559443317593621281a0ab0acc1714768c','C#Cc1ccc(C#C)c(Cl)c1Cl','[[["R10","chloro"],["R11","chloro"]],[]]','random');
INSERT INTO "machines" VALUES('c0c1bca76a9d713b41f1b40c069f68a89cb7d28950484b6e43c71fa2a4ecc31b','C#Cc1ccc(C#C)c(Cl)c1','[[["R10","chloro"],["R11","hydrogen"]],[]]','random');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('asked random','2');
INSERT INTO "meta" VALUES('campaign','{"agents": [{"name": null, "options": {}, "use": "random"}], "batch": 4, "drive": {"field": "1.0 V/nm", "frequency": "50 GHz", "kind": "rotating_field"}, "machine": {"axle": [2, 3], "kind": "rotor", "smiles": "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])cc1", "stator": [1, 2, 3, 4]}, "objectives": [{"maximise": "velocity", "minimise": null}, {"maximise": null, "minimise": "work_rate"}], "protocol": {"duration": "200 ps", "equilibration": "20 ps", "friction": "2 /ps", "replicas": 16, "seed": 1, "temperature": "300 K", "timestep": "2 fs"}, "racing": {"keep": 3, "rungs": [{"duration": "25 ps", "replicas": 16}, {"duration": "50 ps", "replicas": 32}]}, "seed": 3, "space": {"choices": {}, "constraints": {"forbidden": [], "heavy_atoms": null, "molecular_weight": null, "synthetic_accessibility": null}, "edits": [], "fragments": {}, "parameters": {}, "sites": {"10": ["hydrogen", "fluoro", "chloro", "cyano"], "11": ["hydrogen", "fluoro", "chloro", "cyano"]}}}');
INSERT INTO "meta" VALUES('format','molmach.ledger/1');
INSERT INTO "meta" VALUES('machines are the same from either end of the axle','yes');
INSERT INTO "meta" VALUES('source','.');
INSERT INTO "meta" VALUES('wall_seconds','0.452');
CREATE TABLE proposals (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    batch INTEGER NOT NULL,         -- how often the agent had been asked before
    machine TEXT,                   -- NULL where the design is no machine
    design TEXT NOT NULL,
    rationale TEXT NOT NULL,
    mean REAL, sd REAL,             -- the agent's own prediction
    state TEXT NOT NULL,            -- queued, started, repeat, infeasible
    reason TEXT NOT NULL DEFAULT '',
    made REAL NOT NULL              -- seconds since the epoch
);
INSERT INTO "proposals" VALUES(1,'random',0,'47c50ea266e9fcced3c0d0b9073ec4c0dbf2ddf2c5e04b05c8d0e9103b46ac15','[[["R10","chloro"],["R11","cyano"]],[]]','at random',NULL,NULL,'started','',1.79609774445969057081e+09);
INSERT INTO "proposals" VALUES(2,'random',0,'67d7813e5f1f302b3e924e71e037977168010efbeb386bdbe64b8acfdc461db2','[[["R10","cyano"],["R11","fluoro"]],[]]','at random',NULL,NULL,'started','',1.79609774446842312815e+09);
INSERT INTO "proposals" VALUES(3,'random',0,'c0c1bca76a9d713b41f1b40c069f68a89cb7d28950484b6e43c71fa2a4ecc31b','[[["R10","chloro"],["R11","hydrogen"]],[]]','at random',NULL,NULL,'started','',1.79609774447240114212e+09);
INSERT INTO "proposals" VALUES(4,'random',0,'9a19a92c20b1d0d39cf9bf1dc4d40a559443317593621281a0ab0acc1714768c','[[["R10","chloro"],["R11","chloro"]],[]]','at random',NULL,NULL,'started','',1.79609774448091387747e+09);
INSERT INTO "proposals" VALUES(5,'random',1,'0fffccab0c3a18160e2826f303bc5b31da59983c5acd1ec2889932585b59e991','[[["R10","hydrogen"],["R11","cyano"]],[]]','at random',-4.25111201311871744756e-01,1.93404552312561955895e-01,'started','',1.79609774461336326595e+09);
INSERT INTO "proposals" VALUES(6,'random',1,'97f7d90489433a1c6e0f90dfa780c41c00cb30e19b342c0cdaac18aff81febf2','[[["R10","hydrogen"],["R11","hydrogen"]],[]]','at random',-4.25111201311871744756e-01,1.93404552312561955895e-01,'started','',1.79609774461750912669e+09);
INSERT INTO "proposals" VALUES(7,'random',1,'446619056ffb5f39817c3040ed39e15d75171dba6cf3c346dc72d4853ebdb3ef','[[["R10","hydrogen"],["R11","fluoro"]],[]]','at random',-4.25111201311871744756e-01,1.93404552312561955895e-01,'queued','',1.79609774464262986182e+09);
INSERT INTO "proposals" VALUES(8,'random',1,'75d54af336ab200af80504c08fd10c6b5b7693ed975a86397b0f133abe6e5ff5','[[["R10","fluoro"],["R11","fluoro"]],[]]','at random',-4.25111201311871744756e-01,1.93404552312561955895e-01,'queued','',1.79609774465119361873e+09);
CREATE TABLE samples (key TEXT PRIMARY KEY, samples TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "samples" VALUES('184d8c99de5f5c396e71e9bf388760a2b926513e7c518e201a89ad4ab4d9796f','{"velocity": [-1.371, -1.283, -1.39, -0.57], "work_rate": [0.457, -0.154, 0.228, 0.089]}');
INSERT INTO "samples" VALUES('24f45fa9eb1ff50adfba27e380529f6d9ff74385d7d27354b268991e8e7e178d','{"velocity": [0.15, 0.112, 0.432, -0.4], "work_rate": [-1.474, -1.185, -0.958, -0.483]}');
INSERT INTO "samples" VALUES('6a59a9b210ebbe7ecc4b7686024ec48f44e3eb1fa4ef298a2e18879287ea8eac','{"velocity": [1.981, 1.872, 1.65, 1.668], "work_rate": [-0.197, -0.192, -0.238, -0.287]}');
INSERT INTO "samples" VALUES('9f2c76e8097dfdf22931ae552d6f2e0c363ce8dd5ae7cc83c6662140509e2318','{"velocity": [2.552, 2.078, 1.827, 2.109], "work_rate": [1.525, 2.491, 2.091, 2.197]}');
INSERT INTO "samples" VALUES('a13fab3354aa0941a881907ecddc28d85a6034c887d0e005c5d2c63981d0c08e','{"velocity": [1.981, 1.872, 1.65, 1.668], "work_rate": [-0.197, -0.192, -0.238, -0.287]}');
INSERT INTO "samples" VALUES('ae7c636df31994c563e17333e71bb537c8c687390833987e9796b7e30a833d66','{"velocity": [1.012, 0.909, 1.116, 1.309], "work_rate": [-1.675, -1.878, -1.907, -1.802]}');
INSERT INTO "samples" VALUES('c2dedec64b4e99feaf509fb82759c1905091a03a82ee46c8179c926c62a2bb08','{"velocity": [0.524, 0.26, -0.262, 0.31], "work_rate": [-0.524, -0.156, -0.736, -0.748]}');
INSERT INTO "samples" VALUES('df206d07b354ba444edf0e96f4a8476142c4ea8b557c3dcee815d33662b83aeb','{"velocity": [1.012, 0.909, 1.116, 1.309], "work_rate": [-1.675, -1.878, -1.907, -1.802]}');
CREATE INDEX proposals_by_agent ON proposals (agent, state);
CREATE INDEX proposals_by_machine ON proposals (machine);
CREATE INDEX evaluations_by_machine ON evaluations (machine, rung);
CREATE INDEX evaluations_by_low ON evaluations (low);
CREATE INDEX evaluations_by_agent ON evaluations (agent);
COMMIT;
