import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { Door } from './state/door.ts';
import './styles/tokens.css';
import './styles/base.css';

const door = new Door();
door.open();

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no place for the console.');
createRoot(root).render(<App door={door} />);
