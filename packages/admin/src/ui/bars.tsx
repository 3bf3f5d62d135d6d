interface BarsProps {
  label: string;
  items: readonly { label: string; value: number }[];
}

/** Values as bars, each with its own title; as a picture with one name for who does not see it. */
export function Bars({ label, items }: BarsProps) {
  const most = Math.max(1, ...items.map(({ value }) => value));
  const total = items.reduce((sum, { value }) => sum + value, 0);
  return (
    <svg
      className="bars"
      viewBox={`0 0 ${items.length * 10} 60`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${total}`}
    >
      {items.map((item, at) => {
        const height = Math.max(item.value > 0 ? 2 : 0.5, (item.value / most) * 58);
        return (
          <rect key={item.label} x={at * 10 + 1} y={60 - height} width={8} height={height} rx={1}>
            <title>{`${item.label}: ${item.value}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
