import { claudeAdapter, codexAdapter, qwen } from './configured-dialects.ts';
import { drives } from './editor-cells.ts';

for (const dialect of [qwen, claudeAdapter, codexAdapter]) drives(dialect);
