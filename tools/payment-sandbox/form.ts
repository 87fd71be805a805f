// Bodies and queries as Stripe writes them: `metadata[paymentId]=1&created[gte]=2`.
export type Params = { [name: string]: string | Params }

export function readForm(text: string): Params {
  const params: Params = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const [first = '', ...more] = name.split(/\[|\]\[|\]$/).filter((word, at) => at === 0 || word !== '')
    let inside = params
    let last = first
    for (const word of more) {
      const next = inside[last]
      inside = inside[last] = typeof next === 'object' ? next : Object.create(null)
      last = word
    }
    inside[last] = value
  }
  return params
}

export const textOf = (params: Params, name: string) => {
  const value = params[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export const partOf = (params: Params, name: string): Params => {
  const value = params[name]
  return typeof value === 'object' ? value : {}
}
