/**
 * Fixture: `purging.ts <dir> <session> <slices>` purges a session slice by slice, says `there` after so many
 * transactions and goes no further: it waits to be killed.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '../../src/store/connection.ts';
import { migrate } from '../../src/store/migrations.ts';
import { purgeSlice } from '../../src/store/purge.ts';
import { time } from './sample.ts';

const [dir = '', session = '', slices = '0'] = process.argv.slice(2);
const connection = Connection.writer(join(dir, 'turnkeep.db'));
migrate(connection);
for (let slice = 0; slice < Number(slices); slice += 1) purgeSlice(connection, session, time);
writeSync(1, 'there\n');
setInterval(() => undefined, 60_000);
