import { drives } from '../editor-cells.ts';
import { opencode } from '../editor-dialects.ts';

drives(opencode);
