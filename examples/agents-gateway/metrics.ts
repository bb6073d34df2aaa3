import { askPrimary } from './ask-primary.ts'

/** Counts of all processes: they outlive the one that counted, and whichever is asked says the same. */
export interface Metrics {
  /** Adds one. */
  count(name: string, labels: Readonly<Record<string, string>>): void
  /** All of them in the text format of OpenMetrics. */
  render(): Promise<string>
}

/** In a worker. */
export function createMetrics(): Metrics {
  return {
    count(name, labels) {
      const text = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`)
      // A count that is lost with the primary is lost with all others.
      askPrimary('count', { name, labels: text.join(',') }).catch(() => {})
    },
    render: async () => String(await askPrimary('metrics')),
  }
}

/** In the primary: adds up what workers count. */
export function collectMetrics(): { count(one: unknown): void; render(): string } {
  const counters = new Map<string, Map<string, number>>()
  return {
    count(one) {
      const { name, labels } = one as { name: string; labels: string }
      const series = counters.get(name) ?? new Map<string, number>()
      series.set(labels, (series.get(labels) ?? 0) + 1)
      counters.set(name, series)
    },
    render() {
      const lines = [...counters].flatMap(([name, series]) => [
        `# TYPE ${name} counter`,
        ...[...series].map(([labels, value]) => `${name}_total{${labels}} ${value}`),
      ])
      return [...lines, '# EOF', ''].join('\n')
    },
  }
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
