// One side of a comparison: what can be measured again and again.

/** What one side did in one round: how many it finished, how many that is a second, and the milliseconds of CPU that each took its process. */
export type Measured = { count: number; rate: number; cpu: number | undefined }
export type Side = {
  name: string
  measure: () => Promise<Measured>
  /** How many it does before the first round, so that both sides are compiled; 2,000 where nothing is said. */
  warm?: number
}
/** The medians of a side's rounds. */
export type Summary = { name: string; rate: number; cpu: number | undefined }
