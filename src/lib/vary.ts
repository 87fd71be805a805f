/** A Vary field (RFC 9110, section 12.5.5) that has one name more than before, if it did not have that name already. */
export function variedBy(before: unknown, name: string): string {
  const names = [before ?? []].flat().flatMap((field) => String(field).split(/\s*,\s*/))
  const has = names.some((one) => one === '*' || one.toLowerCase() === name.toLowerCase())
  return (has ? names : [...names, name]).join(', ')
}
