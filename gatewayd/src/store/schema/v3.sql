-- What came with a backup, and is looked for on the network but never sent to it.

ALTER TABLE transactions ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
