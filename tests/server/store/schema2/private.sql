BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'hutong','first','2026-11-25 19:46:07.023963+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'hutong','second','2026-11-25 19:46:07.025384+00:00');
CREATE TABLE blocks (
        person TEXT NOT NULL,
        blocked TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (person, blocked)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE cids (
        cid BLOB NOT NULL,
        sender TEXT NOT NULL,
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        digest BLOB NOT NULL,
        PRIMARY KEY (cid, sender)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "cids" VALUES(X'018BCFE568007053BC2753E572800E2D','x47vheuvkpyearow','2om5whv2kknqrlpc',2,X'B69205EB4F32B5F43F60DE18CE9C75E2');
INSERT INTO "cids" VALUES(X'018BCFE56800717280B46B34165E6F39','iljywtxjz7xxikpb','c2dy7q34upz5ksdr',1,X'82A7532EFE322635E62792F999B40419');
INSERT INTO "cids" VALUES(X'018BCFE5680073408B6E31153E412D85','c54kbj7ptsaqtzs3','c2dy7q34upz5ksdr',3,X'62742BCC850F3D661D5212C386C6D7C3');
INSERT INTO "cids" VALUES(X'018BCFE56800759C9CA8A153DD693541','x47vheuvkpyearow','2om5whv2kknqrlpc',4,X'9EC3C9398B7E39DDBE10A0224C3325C7');
INSERT INTO "cids" VALUES(X'018BCFE5680076EA832E9CBF36E7EA1F','iljywtxjz7xxikpb','2om5whv2kknqrlpc',1,X'1DE22384B2CF78B937F4D7B9A760288C');
INSERT INTO "cids" VALUES(X'018BCFE5680078EF82B48AFC0CBF008E','x47vheuvkpyearow','c2dy7q34upz5ksdr',2,X'62742BCC850F3D661D5212C386C6D7C3');
INSERT INTO "cids" VALUES(X'018BCFE568007BDA8B1980D852FBF6F1','c54kbj7ptsaqtzs3','c2dy7q34upz5ksdr',4,X'51540EFE6D1DC80C4618501AA3609399');
INSERT INTO "cids" VALUES(X'018BCFE568007DC8B780189A338448F5','iljywtxjz7xxikpb','2om5whv2kknqrlpc',3,X'947C7B298D4326784148140FD978D0B9');
CREATE TABLE devices (
        device TEXT PRIMARY KEY,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        digest BLOB NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "devices" VALUES('22pbniyjbvfdvkzj','x47vheuvkpyearow','',X'EF4E1045B58CD0BF47B8F84A2E3892B8E2BCD915D3333EAC2D029BBD0E9800B7',1700000000000,1700000000000);
INSERT INTO "devices" VALUES('dnanpe222435fbhn','iljywtxjz7xxikpb','',X'04C94FC282CF709335CEEDDAFE65AE2D06E4A446CACECED54F355ED579270133',1700000000000,1700000000000);
INSERT INTO "devices" VALUES('lvmqjnjgf4jsuvb5','c54kbj7ptsaqtzs3','',X'10B0C7151EE1CA4206713EA08B30889D36818AB43FEB0D04C80BE240B9E42EE1',1700000000000,1700000000000);
CREATE TABLE entries (
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        nth INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        sender TEXT NOT NULL,
        cid BLOB NOT NULL,
        reply_to INTEGER,
        target INTEGER,
        person TEXT,
        role TEXT,
        until INTEGER,
        hidden_from TEXT,
        erased INTEGER NOT NULL DEFAULT 0,
        body BLOB, count INTEGER, openness INTEGER, withdrawn INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (topic, seq)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "entries" VALUES('2om5whv2kknqrlpc',1,1,1700000000000,'message','iljywtxjz7xxikpb',X'018BCFE5680076EA832E9CBF36E7EA1F',NULL,NULL,NULL,NULL,NULL,NULL,0,X'68656C6C6F',NULL,NULL,0);
INSERT INTO "entries" VALUES('2om5whv2kknqrlpc',2,2,1700000000000,'message','x47vheuvkpyearow',X'018BCFE568007053BC2753E572800E2D',NULL,NULL,NULL,NULL,NULL,NULL,0,X'68656C6C6F20796F757273656C66',NULL,NULL,0);
INSERT INTO "entries" VALUES('2om5whv2kknqrlpc',3,3,1700000000000,'message','iljywtxjz7xxikpb',X'018BCFE568007DC8B780189A338448F5',NULL,NULL,NULL,NULL,NULL,NULL,0,X'4C756E636820617420746865206E6F6F646C652073686F703F',NULL,NULL,0);
INSERT INTO "entries" VALUES('2om5whv2kknqrlpc',4,4,1700000000000,'message','x47vheuvkpyearow',X'018BCFE56800759C9CA8A153DD693541',NULL,NULL,NULL,NULL,NULL,NULL,0,X'E5A5BD',NULL,NULL,0);
INSERT INTO "entries" VALUES('c2dy7q34upz5ksdr',1,0,1700000000000,'founded','iljywtxjz7xxikpb',X'018BCFE56800717280B46B34165E6F39',NULL,NULL,NULL,NULL,NULL,NULL,0,X'67726F7570',NULL,NULL,0);
INSERT INTO "entries" VALUES('c2dy7q34upz5ksdr',2,0,1700000000000,'joined','x47vheuvkpyearow',X'018BCFE5680078EF82B48AFC0CBF008E',NULL,NULL,'x47vheuvkpyearow',NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "entries" VALUES('c2dy7q34upz5ksdr',3,0,1700000000000,'joined','c54kbj7ptsaqtzs3',X'018BCFE5680073408B6E31153E412D85',NULL,NULL,'c54kbj7ptsaqtzs3',NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "entries" VALUES('c2dy7q34upz5ksdr',4,1,1700000000000,'message','c54kbj7ptsaqtzs3',X'018BCFE568007BDA8B1980D852FBF6F1',NULL,NULL,NULL,NULL,NULL,NULL,0,X'54686520757375616C207461626C65',NULL,NULL,0);
CREATE TABLE members (
        topic TEXT NOT NULL,
        person TEXT NOT NULL,
        standing TEXT NOT NULL,
        role TEXT NOT NULL,
        start INTEGER NOT NULL, -- The first entry they may see; clearing raises it.
        since INTEGER NOT NULL, -- The entry with which they came.
        read INTEGER NOT NULL,
        shown_read INTEGER, -- In a chat whose other one they block: how far that one is shown they have read.
        read_nth INTEGER NOT NULL, -- nth of `read`, and one for each message after it that is hidden from them.
        muted_until INTEGER NOT NULL DEFAULT 0,
        muted INTEGER NOT NULL DEFAULT 0,
        pinned INTEGER NOT NULL DEFAULT 0,
        greeting BLOB, -- Of one who asks to join.
        invited_by TEXT,
        changed INTEGER NOT NULL, unannounced INTEGER NOT NULL DEFAULT 0, screen_name BLOB, -- people.marks when this row last changed for its person.
        PRIMARY KEY (topic, person)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "members" VALUES('2om5whv2kknqrlpc','iljywtxjz7xxikpb','member','member',1,1,0,NULL,0,0,0,0,NULL,NULL,1,0,NULL);
INSERT INTO "members" VALUES('2om5whv2kknqrlpc','x47vheuvkpyearow','member','member',1,1,0,NULL,0,0,0,0,NULL,NULL,1,0,NULL);
INSERT INTO "members" VALUES('c2dy7q34upz5ksdr','c54kbj7ptsaqtzs3','member','member',3,3,2,NULL,0,0,0,0,NULL,NULL,2,0,NULL);
INSERT INTO "members" VALUES('c2dy7q34upz5ksdr','iljywtxjz7xxikpb','member','owner',1,1,0,NULL,0,0,0,0,NULL,NULL,2,0,NULL);
INSERT INTO "members" VALUES('c2dy7q34upz5ksdr','x47vheuvkpyearow','member','member',2,2,1,NULL,0,0,0,0,NULL,NULL,3,0,NULL);
CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value ANY NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch','3hlnpoa7usmlm4ad');
INSERT INTO "meta" VALUES('secret',X'B030B4669710F751F658227382E876C2F3AAABB70CDE129583FE229C15F83CA5');
INSERT INTO "meta" VALUES('side','private');
CREATE TABLE mutes (
        topic TEXT NOT NULL,
        person TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (topic, person)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE people (
        person TEXT PRIMARY KEY,
        handle TEXT NOT NULL UNIQUE,
        skeleton TEXT NOT NULL UNIQUE,
        password TEXT NOT NULL,
        marks INTEGER NOT NULL DEFAULT 0, -- Rises with every change of one of the person's rows in members.
        receipts INTEGER NOT NULL DEFAULT 1,
        presence INTEGER NOT NULL DEFAULT 1,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "people" VALUES('c54kbj7ptsaqtzs3','cyd','cyd','plain:correct horse',2,1,1,1700000000000);
INSERT INTO "people" VALUES('iljywtxjz7xxikpb','ann','ann','plain:correct horse',2,1,1,1700000000000);
INSERT INTO "people" VALUES('x47vheuvkpyearow','ben','ben','plain:correct horse',3,1,1,1700000000000);
CREATE TABLE topics (
        topic TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        side TEXT NOT NULL,
        generation INTEGER NOT NULL DEFAULT 0,
        spoken INTEGER NOT NULL, -- In a chat: 1 once one_peer has said something, 2 other_peer, 3 both.
        seats INTEGER NOT NULL DEFAULT 0, -- How many have the standing of a member.
        silenced_until INTEGER NOT NULL DEFAULT 0,
        founded_at INTEGER NOT NULL,
        one_peer TEXT, -- In a chat: the two people, in order.
        other_peer TEXT,
        link BLOB UNIQUE,
        name BLOB,
        notice BLOB
    , admission TEXT, listed INTEGER NOT NULL DEFAULT 0, history_open INTEGER NOT NULL DEFAULT 0, listing BLOB) STRICT, WITHOUT ROWID;
INSERT INTO "topics" VALUES('2om5whv2kknqrlpc','chat','private',1,3,2,0,1700000000000,'iljywtxjz7xxikpb','x47vheuvkpyearow',NULL,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "topics" VALUES('c2dy7q34upz5ksdr','group','private',5,3,3,0,1700000000000,NULL,NULL,NULL,X'67726F7570',NULL,NULL,0,0,NULL);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX devices_of ON devices (person);
CREATE UNIQUE INDEX chats ON topics (one_peer, other_peer) WHERE one_peer IS NOT NULL;
CREATE INDEX changes ON members (person, changed);
CREATE INDEX hidden ON entries (topic, hidden_from, seq) WHERE hidden_from IS NOT NULL;
CREATE INDEX targets ON entries (topic, target, kind) WHERE target IS NOT NULL;
CREATE INDEX unannounced ON members (topic, since) WHERE unannounced;
COMMIT;
PRAGMA application_id = 1752527983;
PRAGMA user_version = 2;
