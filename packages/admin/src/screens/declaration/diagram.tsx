import type { Declaration } from '../../api/declaration.ts';
import { t } from '../../i18n/translate.ts';

const BOX_WIDTH = 170;
const LINE_HEIGHT = 16;
const GAP_X = 90;
const GAP_Y = 24;

interface Box {
  name: string;
  lines: readonly string[];
  x: number;
  y: number;
  height: number;
}

interface Edge {
  from: string;
  to: string;
  field: string;
}

/** Resources as boxes, what they refer to at their right. */
export function Diagram({ declaration }: { declaration: Declaration }) {
  const all = [...declaration.resources, declaration.accounts];
  const edges: Edge[] = all.flatMap(({ name, relations }) =>
    relations
      .filter(({ kind }) => kind !== 'many')
      .map((relation) => ({ from: name, to: relation.resource, field: relation.name })),
  );
  const boxes = placed(all, edges);
  const width = Math.max(...boxes.map(({ x }) => x + BOX_WIDTH)) + 20;
  const height = Math.max(...boxes.map(({ y, height: own }) => y + own)) + 20;
  const boxOf = (name: string) => boxes.find((box) => box.name === name);
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={t('declaration.diagram')}>
      <svg
        className="diagram"
        width={width}
        height={height}
        role="img"
        aria-label={edges.map(({ from, to, field }) => `${from}.${field} → ${to}`).join(', ')}
      >
        {edges.map(({ from, to, field }) => {
          const [start, end] = [boxOf(from), boxOf(to)];
          if (!start || !end) return null;
          const y = start.y + (start.lines.indexOf(field) + 2) * LINE_HEIGHT;
          const x = start.x + BOX_WIDTH;
          const bend = GAP_X / 2;
          const side = end.x > start.x ? end.x : end.x + BOX_WIDTH;
          const away = end.x > start.x ? -bend : bend;
          return (
            <path
              key={`${from}.${field}`}
              d={`M${x} ${y}C${x + bend} ${y} ${side + away} ${end.y + 14} ${side} ${end.y + 14}`}
            >
              <title>{`${from}.${field} → ${to}`}</title>
            </path>
          );
        })}
        {boxes.map(({ name, lines, x, y, height: own }) => (
          <g key={name} transform={`translate(${x} ${y})`}>
            <rect width={BOX_WIDTH} height={own} rx={6} />
            <text x={10} y={18} className="name">
              {name}
            </text>
            {lines.map((line, at) => (
              <text key={line} x={10} y={(at + 2) * LINE_HEIGHT + 5}>
                {line.length > 22 ? `${line.slice(0, 21)}…` : line}
              </text>
            ))}
          </g>
        ))}
      </svg>
    </div>
  );
}

/** Boxes in columns: each at the left of what it refers to, as far as references form no circle. */
function placed(all: Declaration['resources'], edges: readonly Edge[]): Box[] {
  const depthOf = (name: string, seen: readonly string[]): number => {
    if (seen.includes(name)) return 0;
    const next = edges.filter((edge) => edge.from === name && edge.to !== name);
    return Math.max(0, ...next.map((edge) => 1 + depthOf(edge.to, [...seen, name])));
  };
  const depths = new Map(all.map(({ name }) => [name, depthOf(name, [])]));
  const deepest = Math.max(...depths.values());
  const bottoms: number[] = [];
  return all.map(({ name, fields }) => {
    const column = deepest - (depths.get(name) ?? 0);
    const lines = fields.map((field) => field.name);
    const height = (lines.length + 2) * LINE_HEIGHT;
    const y = bottoms[column] ?? 10;
    bottoms[column] = y + height + GAP_Y;
    return { name, lines, x: 10 + column * (BOX_WIDTH + GAP_X), y, height };
  });
}
