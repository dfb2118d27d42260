BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'hutong','first','2026-11-25 20:27:05.256357+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'hutong','second','2026-11-25 20:27:05.257866+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'hutong','third','2026-11-25 20:27:05.258894+00:00');
CREATE TABLE answers (
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        by TEXT NOT NULL,
        PRIMARY KEY (topic, seq)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE blocks (
        person TEXT NOT NULL,
        blocked TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (person, blocked)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "blocks" VALUES('z7jyzyzit2mlmbao','nfqhnoe4wzzymi4v',1700000000000);
CREATE TABLE cids (
        cid BLOB NOT NULL,
        sender TEXT NOT NULL,
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        digest BLOB NOT NULL,
        PRIMARY KEY (cid, sender)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "cids" VALUES(X'018BCFE568007133827D9D1012315119','asvpz7wd7afzzajk','xalsojyumjy7l72i',1,X'E8A76E83A5D6CA614C2F92E939564AD4');
INSERT INTO "cids" VALUES(X'018BCFE568007193BF8A74ECD03A9282','nfqhnoe4wzzymi4v','ataudr6ozlhixoe2',2,X'2F73EC6D03B9CF6BFD2A8C97AA7EBF17');
INSERT INTO "cids" VALUES(X'018BCFE568007A64A35477AA6EA927A5','asvpz7wd7afzzajk','xalsojyumjy7l72i',3,X'1DDD0A9D085AE008686785552ECE0B34');
INSERT INTO "cids" VALUES(X'018BCFE568007B91B152D07665A717AE','nfqhnoe4wzzymi4v','xalsojyumjy7l72i',2,X'5DFE00F250982892110F7031B81F0B70');
INSERT INTO "cids" VALUES(X'018BCFE568007DF88DBD693F5E8105FB','asvpz7wd7afzzajk','ataudr6ozlhixoe2',1,X'FB4BD61A82EA14BB2D0201E6FA069887');
CREATE TABLE counted (
        digest BLOB PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
CREATE TABLE day_keys (
        day TEXT PRIMARY KEY,
        key BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE devices (
        device TEXT PRIMARY KEY,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        digest BLOB NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "devices" VALUES('lng3ctmyhsvbpfuq','nfqhnoe4wzzymi4v','',X'B00310F0933B51417E9454CE5FF5E32E2BBA6A1AA4F3481580FB530E26E7E496',1700000000000,1700000000000);
INSERT INTO "devices" VALUES('nj6ecgfi76svl3bo','z7jyzyzit2mlmbao','',X'9B3E98B29160DD89E93651ED757FBA6D9964A0A544349DF2C51407252B06BB33',1700000000000,1700000000000);
INSERT INTO "devices" VALUES('u5egx25yktnmgacr','asvpz7wd7afzzajk','',X'17E08C6A7C0599049D655A1000D8ED1C187A7B3F75479D163496D45E0B010D1E',1700000000000,1700000000000);
CREATE TABLE dialogues (
        account TEXT NOT NULL,
        topic TEXT NOT NULL UNIQUE,
        person TEXT NOT NULL,
        asked_at INTEGER NOT NULL, -- The person's last message.
        waiting INTEGER NOT NULL,
        PRIMARY KEY (account, person)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE drafts (
        account TEXT NOT NULL,
        draft BLOB NOT NULL,
        body BLOB NOT NULL, -- Opaque.
        by TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (account, draft)
    ) STRICT, WITHOUT ROWID;
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
        body BLOB, count INTEGER, openness INTEGER, withdrawn INTEGER NOT NULL DEFAULT 0, tag TEXT,
        PRIMARY KEY (topic, seq)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "entries" VALUES('ataudr6ozlhixoe2',1,1,1700000000000,'message','asvpz7wd7afzzajk',X'018BCFE568007DF88DBD693F5E8105FB',NULL,NULL,NULL,NULL,NULL,NULL,0,X'68656C6C6F',NULL,NULL,0,NULL);
INSERT INTO "entries" VALUES('ataudr6ozlhixoe2',2,2,1700000000000,'message','nfqhnoe4wzzymi4v',X'018BCFE568007193BF8A74ECD03A9282',NULL,NULL,NULL,NULL,NULL,NULL,0,X'68656C6C6F20796F757273656C66',NULL,NULL,0,NULL);
INSERT INTO "entries" VALUES('xalsojyumjy7l72i',1,0,1700000000000,'founded','asvpz7wd7afzzajk',X'018BCFE568007133827D9D1012315119',NULL,NULL,NULL,NULL,NULL,NULL,0,X'67726F7570',NULL,NULL,0,NULL);
INSERT INTO "entries" VALUES('xalsojyumjy7l72i',2,0,1700000000000,'joined','nfqhnoe4wzzymi4v',X'018BCFE568007B91B152D07665A717AE',NULL,NULL,'nfqhnoe4wzzymi4v',NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL);
INSERT INTO "entries" VALUES('xalsojyumjy7l72i',3,1,1700000000000,'message','asvpz7wd7afzzajk',X'018BCFE568007A64A35477AA6EA927A5',NULL,NULL,NULL,NULL,NULL,NULL,0,X'54656120617420666F75722E',NULL,NULL,0,NULL);
CREATE TABLE figures (
        account TEXT NOT NULL,
        day TEXT NOT NULL, -- YYYY-MM-DD, in the server's time zone.
        seq INTEGER NOT NULL,
        reads INTEGER NOT NULL DEFAULT 0,
        shares INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (account, day, seq)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE followers (
        account TEXT NOT NULL,
        tag TEXT NOT NULL,
        people INTEGER NOT NULL,
        PRIMARY KEY (account, tag)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "followers" VALUES('03wja33sbjgydxlc','north',1);
CREATE TABLE follows (
        person TEXT NOT NULL,
        account TEXT NOT NULL,
        tag TEXT NOT NULL DEFAULT '',
        muted INTEGER NOT NULL DEFAULT 0,
        at INTEGER NOT NULL,
        PRIMARY KEY (person, account)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "follows" VALUES('nfqhnoe4wzzymi4v','03wja33sbjgydxlc','north',0,1700000005000);
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
INSERT INTO "members" VALUES('ataudr6ozlhixoe2','asvpz7wd7afzzajk','member','member',1,1,0,NULL,0,0,0,0,NULL,NULL,1,0,NULL);
INSERT INTO "members" VALUES('ataudr6ozlhixoe2','nfqhnoe4wzzymi4v','member','member',1,1,0,NULL,0,0,0,0,NULL,NULL,1,0,NULL);
INSERT INTO "members" VALUES('xalsojyumjy7l72i','asvpz7wd7afzzajk','member','owner',1,1,0,NULL,0,0,0,0,NULL,NULL,2,0,NULL);
INSERT INTO "members" VALUES('xalsojyumjy7l72i','nfqhnoe4wzzymi4v','member','member',2,2,1,NULL,0,0,0,0,NULL,NULL,3,0,NULL);
CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value ANY NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch','hgdtdpvbrdzii4sf');
INSERT INTO "meta" VALUES('secret',X'57B461CAFAAC42A7C16CF04942B7365552655B2B82F5F500C4D1FE40CAE19B8D');
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
    , follow_mark INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT INTO "people" VALUES('asvpz7wd7afzzajk','ann','ann','plain:correct horse',2,1,1,1700000000000,0);
INSERT INTO "people" VALUES('nfqhnoe4wzzymi4v','ben','ben','plain:correct horse',3,1,0,1700000000000,1);
INSERT INTO "people" VALUES('z7jyzyzit2mlmbao','cyd','cyd','plain:correct horse',0,1,1,1700000000000,0);
CREATE TABLE scheduled (
        account TEXT NOT NULL,
        item BLOB NOT NULL,
        by TEXT NOT NULL,
        handle TEXT NOT NULL,
        digest BLOB NOT NULL,
        request BLOB NOT NULL, -- MessagePack of protocol.accounts.Schedule.
        due INTEGER NOT NULL,
        taken INTEGER NOT NULL DEFAULT 0, -- It is due, and being published: nobody can unschedule it any more.
        failed TEXT NOT NULL DEFAULT '', -- The code that it was refused with when due.
        PRIMARY KEY (account, item),
        CHECK (NOT taken OR failed = '')
    ) STRICT, WITHOUT ROWID;
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
INSERT INTO "topics" VALUES('ataudr6ozlhixoe2','chat','private',1,3,2,0,1700000000000,'asvpz7wd7afzzajk','nfqhnoe4wzzymi4v',NULL,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "topics" VALUES('xalsojyumjy7l72i','group','private',3,3,2,0,1700000000000,NULL,NULL,NULL,X'67726F7570',NULL,NULL,0,0,NULL);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX devices_of ON devices (person);
CREATE UNIQUE INDEX chats ON topics (one_peer, other_peer) WHERE one_peer IS NOT NULL;
CREATE INDEX changes ON members (person, changed);
CREATE INDEX hidden ON entries (topic, hidden_from, seq) WHERE hidden_from IS NOT NULL;
CREATE INDEX targets ON entries (topic, target, kind) WHERE target IS NOT NULL;
CREATE INDEX unannounced ON members (topic, since) WHERE unannounced;
CREATE INDEX scheduled_due ON scheduled (due, item) WHERE failed = '';
CREATE INDEX dialogues_inbox ON dialogues
    (account, waiting DESC, CASE waiting WHEN 1 THEN asked_at ELSE -asked_at END, person);
COMMIT;
PRAGMA application_id = 1752527983;
PRAGMA user_version = 3;
