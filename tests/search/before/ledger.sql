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
INSERT INTO "evaluations" VALUES(1,'ca35458a7dbe10e535b3fd84fc9eeb402ccb0b7442db9a6a88edeecc8f314559','41b263fb7d651e0212ffa67a2eb9f99158e6f9a9c5a8fc2e7ffcc30b113282fc','random',0,'8793959305076184742',1,'',1.19525581407787768735e+01,3.4638861725548380833e+01,-98.2837593769259,1.2218887565848345389e+02,'[]','{}',4.43638908000000053988e-01,6000,0,1.79607146308360266688e+09);
INSERT INTO "evaluations" VALUES(2,'6c61481c43ec4278dafa2aaa7d865d0c14191f56ffe7feb41761afa3f747a389','6981031f0d13d986f35620ab0d0380182a710f8238b9c1f13d65b382c6df9afa','random',0,'719772462018444887',1,'',-5.69167726012607175798e+01,1.37289827653024083527e+01,-1.0060852307800107042e+02,-1.32250221245203647413e+01,'[]','{}',5.56811290000003289435e-02,6000,0,1.79607146369759964939e+09);
INSERT INTO "evaluations" VALUES(3,'c32928f6d453f1af178a9d40da27d1f0895b6e5a70a54254bb44b68613e5aca4','41b263fb7d651e0212ffa67a2eb9f99158e6f9a9c5a8fc2e7ffcc30b113282fc','random',1,'7652499493976375338',1,'',-3.051688800173171856e+01,2.36616167609180401139e+01,-9.13410102491354081166e+01,3.03072342456719674426e+01,'[]','{}',7.74814460000001758999e-02,12000,0,1.79607146453935694694e+09);
INSERT INTO "evaluations" VALUES(4,'2e21977617add2f9a416159ed7372d1c6f9c4c60b80070d6e418edd8a975c9ff','9c957909189b6a4d07e27b6c2d67885cca71165ac9b709dff4f2226c8a87a79f','evolutionary',0,'1410973097572001539',1,'',1.23376760740225233092e+01,5.52919416218435770798e+01,-1.63625959252376048875e+02,1.88301311400421070635e+02,'[]','{}',7.11614800000002212243e-02,6000,0,1.79607146547940921786e+09);
INSERT INTO "evaluations" VALUES(5,'f07df1bfdfda3c3fd3178a02cd70970a890e8c5a5a9aaf1e800d83719f981832','9c957909189b6a4d07e27b6c2d67885cca71165ac9b709dff4f2226c8a87a79f','evolutionary',1,'144796641428569754',1,'',1.74917846109851709006e+01,1.33444549291802605495e+01,-1.68112288364330879635e+01,5.17947980584034297626e+01,'[]','{}',6.85234470000000150946e-02,12000,0,1.79607146627942419053e+09);
INSERT INTO "evaluations" VALUES(6,'bddbebe36042e8264eccb64afa189c26fc40682644284b76cdd5e7880a1e3805','1c3c5dd7e42c1455c594ab10ccd31b67ba095e38ef39a18da382e364860c7818','evolutionary',0,'5886505971348532933',1,'',-4.51865408401911139435e+01,4.83725621564926058218e+01,-1.99129622552227488084e+02,1.08756540871845274408e+02,'[]','{}',6.55525149999998113514e-02,6000,0,1.79607146702741193771e+09);
INSERT INTO "evaluations" VALUES(7,'10ad0a4cc88102a53ca2f665ab9fa4857d96451aadf32a6c617e902e6a8efa0d','9c957909189b6a4d07e27b6c2d67885cca71165ac9b709dff4f2226c8a87a79f','evolutionary',-1,'547002575562007824',1,'',-3.94921229791240602224e+00,6.41855136940832426972e+00,-2.43759073887596109395e+01,1.64774827929347971182e+01,'[]','{"verdict": "unresolved", "p_value": 0.5818952688434947, "undriven": {"velocity": {"value": 0.16569864447045646, "ci95": [-114.49798121449413, 114.82937850343504], "unit": "turn/ns"}, "p_value": 0.9966193390640232, "passed": true, "statement": "does not turn with the drive off"}, "mirror": {"velocity": {"value": 75.60114013509994, "ci95": [-8.165013773236609, 159.3672940434365], "unit": "turn/ns"}, "p_value": 0.06876944970455305, "passed": true, "statement": "mirror image agrees"}, "warnings": []}',1.34636634399999977063e+00,18000,0,1.79607148118634223936e+09);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    kind TEXT NOT NULL,             -- started, stopped, finished, agent_failed, agent_benched, lost, retried
    who TEXT NOT NULL,
    text TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,1.79607145806295204161e+09,'started','','');
INSERT INTO "events" VALUES(2,1.79607148120596885683e+09,'finished','','all evaluations of the budget are done');
CREATE TABLE machines (
    key TEXT PRIMARY KEY,           -- sha256 of machine, drive and bath
    smiles TEXT NOT NULL,
    design TEXT NOT NULL,           -- the design that was proposed first
    agent TEXT NOT NULL             -- who proposed it
) WITHOUT ROWID;
INSERT INTO "machines" VALUES('1c3c5dd7e42c1455c594ab10ccd31b67ba095e38ef39a18da382e364860c7818','C#Cc1ccc(C#C)c(C#N)c1O','[[["R10","cyano"],["R11","hydroxy"]],[]]','evolutionary');
INSERT INTO "machines" VALUES('41b263fb7d651e0212ffa67a2eb9f99158e6f9a9c5a8fc2e7ffcc30b113282fc','C#Cc1ccc(C#C)c(Cl)c1C','[[["R10","chloro"],["R11","methyl"]],[]]','random');
INSERT INTO "machines" VALUES('6981031f0d13d986f35620ab0d0380182a710f8238b9c1f13d65b382c6df9afa','C#Cc1ccc(C#C)c(Cl)c1F','[[["R10","chloro"],["R11","fluoro"]],[]]','random');
INSERT INTO "machines" VALUES('9c957909189b6a4d07e27b6c2d67885cca71165ac9b709dff4f2226c8a87a79f','C#Cc1ccc(C#C)c(C#N)c1O','[[["R10","hydroxy"],["R11","cyano"]],[]]','evolutionary');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('asked evolutionary','1');
INSERT INTO "meta" VALUES('asked random','1');
INSERT INTO "meta" VALUES('campaign','{"agents": [{"name": null, "options": {}, "use": "random"}, {"name": null, "options": {}, "use": "evolutionary"}], "batch": 4, "drive": {"field": "1 V/nm", "frequency": "200 GHz", "kind": "rotating_field"}, "machine": {"axle": [2, 3], "kind": "rotor", "smiles": "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])cc1", "stator": [1, 2, 3, 4]}, "objectives": [{"maximise": "velocity", "minimise": null}], "protocol": {"duration": "200 ps", "equilibration": "1 ps", "friction": "2 /ps", "replicas": 16, "seed": 1, "temperature": "300 K", "timestep": "2 fs"}, "racing": {"keep": 2, "rungs": [{"duration": "2 ps", "replicas": 4}, {"duration": "3 ps", "replicas": 6}]}, "seed": 1, "space": {"choices": {}, "constraints": {"forbidden": [], "heavy_atoms": null, "molecular_weight": null, "synthetic_accessibility": null}, "edits": [], "fragments": {}, "parameters": {}, "sites": {"10": ["hydrogen", "fluoro", "chloro", "cyano", "methyl", "hydroxy"], "11": ["hydrogen", "fluoro", "chloro", "cyano", "methyl", "hydroxy"]}}}');
INSERT INTO "meta" VALUES('explained evolutionary','4 machines are measured; the 4 best are parents.
Of the differences between machines, 99% is inherited (90% of that gene by gene, the rest by genes together).
Ways of breeding now: crossover 39%, mutation 33%, immigrant 28%.
Best parent: R10 hydroxy, R11 cyano.');
INSERT INTO "meta" VALUES('format','molmach.ledger/1');
INSERT INTO "meta" VALUES('sittings','[{"executor": "local", "versions": {"python": "3.11.7", "molmach": "0.1.0", "openmm": "8.6.1", "rdkit": "2026.9.1", "numpy": "2.4.6", "mdtraj": "1.11.1.post2"}}]');
INSERT INTO "meta" VALUES('source','.');
INSERT INTO "meta" VALUES('wall_seconds','23.143');
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
INSERT INTO "proposals" VALUES(1,'random',0,'41b263fb7d651e0212ffa67a2eb9f99158e6f9a9c5a8fc2e7ffcc30b113282fc','[[["R10","chloro"],["R11","methyl"]],[]]','at random',NULL,NULL,'started','',1.79607145816487574581e+09);
INSERT INTO "proposals" VALUES(2,'random',0,'6981031f0d13d986f35620ab0d0380182a710f8238b9c1f13d65b382c6df9afa','[[["R10","chloro"],["R11","fluoro"]],[]]','at random',NULL,NULL,'started','',1.79607145816589021686e+09);
INSERT INTO "proposals" VALUES(3,'evolutionary',0,'9c957909189b6a4d07e27b6c2d67885cca71165ac9b709dff4f2226c8a87a79f','[[["R10","hydroxy"],["R11","cyano"]],[]]','spread over the space, to begin with',NULL,NULL,'started','',1.79607146314314866067e+09);
INSERT INTO "proposals" VALUES(4,'evolutionary',0,'1c3c5dd7e42c1455c594ab10ccd31b67ba095e38ef39a18da382e364860c7818','[[["R10","cyano"],["R11","hydroxy"]],[]]','spread over the space, to begin with',NULL,NULL,'started','',1.79607146314426565172e+09);
CREATE TABLE samples (key TEXT PRIMARY KEY, samples TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "samples" VALUES('10ad0a4cc88102a53ca2f665ab9fa4857d96451aadf32a6c617e902e6a8efa0d','{"velocity": [2.496806035493269, 2.701394979767937, -23.202466848024493, 2.2074166411136638], "diffusion": [0.7350975344615618, 2.0861902263708694, 1.1496171543791116, 1.957709784959141], "forward": [0.0, 0.0, 0.0, 0.0], "backward": [0.0, 0.0, 0.0, 0.0], "work_rate": [4070.927044027485, 5154.372970602708, 2829.981292199591, 3904.1349388862727], "heat_rate": [-20916.72706604004, 2780.1342010498047, -12363.22021484375, -11861.332893371582], "load_power": [-0.0, -0.0, -0.0, -0.0], "entropy_rate": [-8385.680080061882, 1114.577625650292, -4956.512037170317, -4755.3014701051725], "event_rate": [0.0, 0.0, 0.0, 0.0], "temperature": [311.60435939149755, 301.18560978160394, 281.96394130567876, 260.90558365070297]}');
INSERT INTO "samples" VALUES('2e21977617add2f9a416159ed7372d1c6f9c4c60b80070d6e418edd8a975c9ff','{"velocity": [29.528279576559285, 161.90374971368203, -78.68800782867532, -63.393317165475885], "diffusion": [2.347732716543229, 6.524262057498986, 1.6018512040119972, 3.162299761777741], "forward": [0.0, 0.0, 0.0, 0.0], "backward": [0.0, 0.0, 0.0, 0.0], "work_rate": [5518.304738708139, 7025.856841759378, 1703.8244646246312, 5987.4569077728665], "heat_rate": [9052.189826965332, -8941.237449645996, -23033.48159790039, -3426.647186279297], "load_power": [-0.0, -0.0, -0.0, -0.0], "entropy_rate": [3629.093962609757, -3584.6122835504716, -9234.303588709241, -1373.769756647806], "event_rate": [0.0, 0.0, 0.0, 0.0], "temperature": [322.683199347676, 331.5929286443324, 319.7203926582296, 292.65587064955605]}');
INSERT INTO "samples" VALUES('6c61481c43ec4278dafa2aaa7d865d0c14191f56ffe7feb41761afa3f747a389','{"velocity": [-65.39874554615923, -80.21836362913896, -17.131328961984515, -64.91865226776018], "diffusion": [0.4055578997682975, 1.2431716043583092, 1.8123194341854072, 0.5188583945895295], "forward": [0.0, 0.0, 0.0, 0.0], "backward": [0.0, 0.0, 0.0, 0.0], "work_rate": [-212.3283009204897, 3649.6847988528316, -1354.8825416801265, 463.78682734211907], "heat_rate": [-18658.21361541748, 3217.4949645996094, 2330.796241760254, 5207.752227783203], "load_power": [-0.0, -0.0, -0.0, -0.0], "entropy_rate": [-7480.224308055053, 1289.9189891016915, 934.4345104041358, 2087.8287497149627], "event_rate": [0.0, 0.0, 0.0, 0.0], "temperature": [337.6285979093364, 310.4000645208204, 240.14751862693356, 291.0544777784123]}');
INSERT INTO "samples" VALUES('bddbebe36042e8264eccb64afa189c26fc40682644284b76cdd5e7880a1e3805','{"velocity": [12.317542485392876, -67.20448105533411, 45.830938283922976, -171.6901630747462], "diffusion": [2.0954910277168515, 1.520740606841081, 1.8315586295507138, 5.204064450823404], "forward": [0.0, 0.0, 0.0, 0.0], "backward": [0.0, 0.0, 0.0, 0.0], "work_rate": [1183.7287099624518, 2301.8892934487667, -617.1990586972242, 1453.97969646001], "heat_rate": [-16419.706344604492, 5327.337265014648, 5877.30598449707, 268.5060501098633], "load_power": [-0.0, -0.0, -0.0, -0.0], "entropy_rate": [-6582.789170585243, 2135.7713299006227, 2356.2581068739005, 107.64618329977822], "event_rate": [0.0, 0.0, 0.0, 0.0], "temperature": [304.7001572256302, 292.34595140594735, 296.89156325260143, 330.29159962723344]}');
INSERT INTO "samples" VALUES('c32928f6d453f1af178a9d40da27d1f0895b6e5a70a54254bb44b68613e5aca4','{"velocity": [-2.7122842102229208, -15.627658344865583, -69.0211851925388, -42.166554156016126, 57.34181561306649, -110.91546171981338], "diffusion": [0.5086979292968411, 1.2321884959193257, 0.8812897652193911, 0.5862009562156705, 1.8966586175706126, 2.551300375036694], "forward": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "backward": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "work_rate": [273.7346730258044, -680.7100287890838, -657.4888807105405, 101.37287143879803, -853.4456305660569, -689.1376875670782], "heat_rate": [-2317.9829915364585, -10158.462524414062, -15413.132985432941, -3451.0631561279297, -6242.32292175293, 750.1951853434244], "load_power": [-0.0, -0.0, -0.0, -0.0, -0.0, -0.0], "entropy_rate": [-929.2975778035772, -4072.6073714151835, -6179.246009149142, -1383.5583106289635, -2502.5962624547174, 300.7591389432267], "event_rate": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "temperature": [327.73805055148887, 279.9882062642217, 300.82962827316, 296.4441205770385, 262.4420796080126, 256.97716676218306]}');
INSERT INTO "samples" VALUES('ca35458a7dbe10e535b3fd84fc9eeb402ccb0b7442db9a6a88edeecc8f314559','{"velocity": [-51.09780382066359, -42.0358479063743, 52.31875839905216, 88.62512589110084], "diffusion": [1.1025760269517222, 1.1642315917815809, 0.837715695949315, 1.1269514556948623], "forward": [0.0, 0.0, 0.0, 0.0], "backward": [0.0, 0.0, 0.0, 0.0], "work_rate": [-249.33785048540358, 123.0806646781275, -901.1634481139481, -1506.0972953942837], "heat_rate": [-12467.039108276367, -2423.625946044922, 13121.746063232422, -22518.77498626709], "load_power": [-0.0, -0.0, -0.0, -0.0], "entropy_rate": [-4998.133846540552, -971.6506675782587, 5260.611004325275, -9027.953667585245], "event_rate": [0.0, 0.0, 0.0, 0.0], "temperature": [334.09076282019583, 285.65350419637673, 338.4480990808997, 276.18681157914205]}');
INSERT INTO "samples" VALUES('f07df1bfdfda3c3fd3178a02cd70970a890e8c5a5a9aaf1e800d83719f981832','{"velocity": [57.77879433284579, 22.724757983645738, -15.047352918438936, 5.268328110306268, -18.124049270064507, 52.35022942761667], "diffusion": [0.8814918693311362, 2.352725683851207, 2.8173756609948137, 6.195052766373741, 0.8368807260921912, 1.8657988245007358], "forward": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "backward": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "work_rate": [3888.0238132284526, -2752.6640143138743, 1176.0248579424417, 3279.951039699275, -477.5204204051988, 6219.404059588366], "heat_rate": [-189.79899088541666, -12459.70598856608, 10181.93244934082, -3670.2486673990884, -2655.612309773763, -2278.008778889974], "load_power": [-0.0, -0.0, -0.0, -0.0, -0.0, -0.0], "entropy_rate": [-76.09190539507318, -4995.193941282664, 4082.016648560574, -1471.4315027350508, -1064.655821923146, -913.2716021503392], "event_rate": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "temperature": [263.5754008290931, 305.409805140458, 319.6020670432946, 327.9853587123773, 255.56529285972778, 300.23953898328404]}');
CREATE INDEX proposals_by_agent ON proposals (agent, state);
CREATE INDEX proposals_by_machine ON proposals (machine);
CREATE INDEX evaluations_by_machine ON evaluations (machine, rung);
CREATE INDEX evaluations_by_low ON evaluations (low);
CREATE INDEX evaluations_by_agent ON evaluations (agent);
COMMIT;
