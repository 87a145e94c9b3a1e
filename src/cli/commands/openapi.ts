import type { Command } from 'commander';
import { openApiText } from '../../app/openapi.ts';
import type { Act } from '../act.ts';
import type { Io } from '../io.ts';

export function addOpenApi(program: Command, act: Act): void {
  program
    .command('openapi')
    .description('Print the description of the HTTP interface (OpenAPI 3.1), for generators.')
    .action(
      act((io: Io) => {
        io.out(`${openApiText()}\n`);
        return Promise.resolve(0);
      }),
    );
}
