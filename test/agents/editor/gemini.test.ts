import { drives } from '../editor-cells.ts';
import { gemini } from '../editor-dialects.ts';

drives(gemini);
