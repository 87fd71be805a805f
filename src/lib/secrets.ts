/** Every secret that this repository contains or makes for development carries this word, so that production can tell it. */
export const developmentMark = 'development-only'

/** Why a secret is not fit for production, or undefined when it is. */
export function secretWeakness(secret: string, minLength: number): string | undefined {
  if (secret.includes(developmentMark)) return 'is a development secret'
  // Six x and not four: in base64 four come by chance, in one key of 30,000.
  if (/change-?me|placeholder|example|replace|password|your[-_ ]|[<>]|x{6}/i.test(secret)) return 'is a placeholder'
  if (secret.length < minLength) return `is shorter than ${minLength} characters`
  if (new Set(secret).size < 8) return 'repeats the same few characters'
}
