import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { enter, takeCode } from './state/login.ts';
import './styles/tokens.css';
import './styles/base.css';

// Before anything else: a code must not stay in the address, where it would be copied or kept.
const entering = enter(takeCode());

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no place for the console.');
createRoot(root).render(<App entering={entering} />);
