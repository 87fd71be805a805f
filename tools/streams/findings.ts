// What people were told over their streams, held against what the list has.

type Told = { number: number; id: string }

/** Answers what is wrong with one stream, in words. The list has a user's notifications from the first to the last. */
export function faultOf(told: readonly Told[], list: readonly string[]): string | undefined {
  const at = told.findIndex(({ number, id }, index) => number !== index + 1 || id !== list[index])
  const next = told[at]
  if (next) return `number ${next.number} came after ${at} others, and is ${list.indexOf(next.id) + 1} in the list`
  return told.length < list.length ? `${told.length} of ${list.length} were told` : undefined
}
