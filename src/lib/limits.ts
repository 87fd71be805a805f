export type Limiter = ReturnType<typeof createLimiter>
export function createLimiter() {
  return {}
}
