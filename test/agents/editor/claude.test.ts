import { drives } from '../editor-cells.ts';
import { claude } from '../editor-dialects.ts';

drives(claude);
