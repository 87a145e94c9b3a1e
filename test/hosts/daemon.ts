// A daemon to be killed: launches one host, says so, and stays.
//   node daemon.ts HOSTS_DIRECTORY HOST PROGRAM ARGUMENTS…
import { openHosts } from '../../src/hosts/hosts.ts';

const [directory = '', host = '', program = '', ...args] = process.argv.slice(2);
const hosts = await openHosts({
  directory,
  archive: `${directory}-archive`,
  warn: (what, error) => console.error(what, error),
});
setInterval(() => {}, 1000);
process.stdout.write('launching\n');
const cwd = process.cwd();
await hosts.launch({ host, program, args, cwd, env: { PATH: process.env['PATH'] ?? '' } });
process.stdout.write('launched\n');
