import { conforms } from './contract.ts';
import { claude } from './claude.ts';

conforms(claude);
