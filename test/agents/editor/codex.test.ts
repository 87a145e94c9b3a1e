import { drives } from '../editor-cells.ts';
import { codex } from '../editor-dialects.ts';

drives(codex);
