import { conforms } from './contract.ts';
import { opencode } from './opencode.ts';

conforms(opencode);
