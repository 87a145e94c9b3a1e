import { conforms } from './contract.ts';
import { codex } from './codex.ts';

conforms(codex);
