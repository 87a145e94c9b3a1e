import { conforms } from './contract.ts';
import { gemini } from './gemini.ts';

conforms(gemini);
