/** Keeps objects by name. All three may be repeated; they end within the time of their signal, or reject. */
export type ObjectStore = {
  put(name: string, bytes: Buffer, signal: AbortSignal): Promise<void>
  /** Undefined where there is none. */
  get(name: string, signal: AbortSignal): Promise<Buffer | undefined>
  /** It is no failure where there is none. */
  remove(name: string, signal: AbortSignal): Promise<void>
}
