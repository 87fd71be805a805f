// The flags that the code asks about. What an administrator settles stands in the table; a flag without a row is as it is here.

/**
 * Variants with the percentage of people that has each, in an order that stays: a share that grows keeps whom it had. `otherwise` is
 * for all while the flag is off, and for whoever has no name by which to remember the choice.
 */
type Declared = { description: string; split: Readonly<Record<string, number>>; otherwise: string }

export const declared = {
  'live-notifications': {
    description: 'Whether notifications are pushed over WebSocket; without, apps ask for the list',
    split: { on: 100, off: 0 },
    otherwise: 'off',
  },
  'digest-subject': {
    description: 'An experiment: does a mail whose subject says how many notifications wait bring more people back?',
    split: { plain: 100, counted: 0 },
    otherwise: 'plain',
  },
} as const satisfies Record<string, Declared>

export type FlagName = keyof typeof declared
export type Variant<N extends FlagName = FlagName> = {
  [K in N]: Extract<keyof (typeof declared)[K]['split'], string>
}[N]
/** Those that are on or off. */
export type Toggle = { [N in FlagName]: 'on' extends Variant<N> ? N : never }[FlagName]

export const names = Object.keys(declared) as FlagName[]
export const variantsOf = (name: FlagName): string[] => Object.keys(declared[name].split)
