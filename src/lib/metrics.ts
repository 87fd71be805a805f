// What this process counts, for Prometheus. Names and units by its conventions.
import { Counter, type CounterConfiguration, Gauge, type GaugeConfiguration, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  return {
    counter: <T extends string>(about: CounterConfiguration<T>) => new Counter<T>({ ...about, registers }),
    /** Its value is asked for by `collect` at each scrape, or set. */
    gauge: <T extends string>(about: GaugeConfiguration<T>) => new Gauge<T>({ ...about, registers }),
    /** The text format, and its media type. */
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
