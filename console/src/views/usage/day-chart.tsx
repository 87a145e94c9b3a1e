import { type ReactNode, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { count, money, sumOf } from '../../text/amounts.ts';
import { dayText } from './period.ts';
import type { UsageRow } from './summary.ts';

interface DayChartProps {
  rows: readonly UsageRow[];
  days: readonly string[];
}

/** Tokens of each day as bars: those that were read from a cache apart. The same as a table is behind it. */
export function DayChart({ rows, days }: DayChartProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const { theme } = useConsole();
  const chosen = useCell(theme);
  const byDay = new Map(rows.map((row) => [row.day, row]));
  const told = JSON.stringify(days.map((day) => byDay.get(day)?.tokens ?? null));
  useEffect(() => {
    const root = place.current;
    if (root === null) return undefined;
    const draw = () => plot(root, days, JSON.parse(told) as (UsageRow['tokens'] | null)[]);
    let chart = draw();
    const again = () => {
      chart.destroy();
      chart = draw();
    };
    const sizes = new ResizeObserver(again);
    sizes.observe(root);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', again);
    return () => {
      sizes.disconnect();
      system.removeEventListener('change', again);
      chart.destroy();
    };
  }, [days, told, chosen]);
  return (
    <figure className="day-chart">
      <figcaption>
        Tokens by day (UTC)
        <span className="legend is-fresh">in and out</span>
        <span className="legend is-cached">read from a cache</span>
      </figcaption>
      <div ref={place} className="chart-place" aria-hidden="true" />
      <details>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Tokens</th>
              <th scope="col">of a cache</th>
              <th scope="col">Cost</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ day, tokens, cost }) => (
              <tr key={day}>
                <th scope="row">{dayText(day ?? '')}</th>
                <td>{count(sumOf(tokens))}</td>
                <td>{count(tokens.cacheRead)}</td>
                <td>{cost.map(money).join(' + ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function plot(
  root: HTMLElement,
  days: readonly string[],
  tokens: readonly (UsageRow['tokens'] | null)[],
): uPlot {
  const style = getComputedStyle(root);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const sums = tokens.map((one) => (one === null ? 0 : sumOf(one)));
  const cached = tokens.map((one) => one?.cacheRead ?? 0);
  const bars = uPlot.paths.bars?.({ size: [0.72, 26], radius: 0.15 });
  const series = (fill: string): uPlot.Series => ({
    fill,
    width: 0,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars }),
  });
  const axis = {
    stroke: colour('--ink-3'),
    font: `12px ${colour('--sans')}`,
    ticks: { show: false },
  };
  return new uPlot(
    {
      width: Math.max(200, root.clientWidth),
      height: 190,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 8, 0, 0],
      scales: {
        x: { time: false, range: [-0.6, days.length - 0.4] },
        y: { range: (_plot, _low, high) => [0, Math.max(10, high * 1.08)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 56,
          incrs: [1, 2, 5, 7, 14, 30],
          values: (_plot, at) => at.map((one) => dayText(days[one] ?? '')),
        },
        {
          ...axis,
          size: 52,
          grid: { stroke: colour('--line'), width: 1 },
          values: (_plot, at) => at.map((one) => count(one)),
        },
      ],
      // The whole first, what was cached before it.
      series: [{}, series(colour('--accent')), series(colour('--chart-2'))],
    },
    [days.map((_, at) => at), sums, cached],
    root,
  );
}
