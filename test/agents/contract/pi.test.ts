import { conforms } from './contract.ts';
import { pi } from './pi.ts';

conforms(pi);
