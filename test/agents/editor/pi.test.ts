import { drives } from '../editor-cells.ts';
import { pi } from '../editor-dialects.ts';

drives(pi);
