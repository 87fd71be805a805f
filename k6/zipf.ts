/**
 * A place from 0 to `count` - 1 by Zipf's law with exponent 1: the second is wanted half as often as the first, the third a third as
 * often. By rejection from the area under 1/x, so that it needs no table for each person.
 */
export function pickPlace(count: number): number {
  for (;;) {
    const rank = Math.floor((count + 1) ** Math.random())
    if (Math.random() * rank * Math.log1p(1 / rank) < Math.LN2) return rank - 1
  }
}
