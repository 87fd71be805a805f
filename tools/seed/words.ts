// What jobs say: made of few words, of which the first of each list are frequent and the last are rare, as in life.
const verbs = [
  'Build',
  'Repair',
  'Design',
  'Write',
  'Plan',
  'Test',
  'Paint',
  'Move',
  'Measure',
  'Translate',
  'Review',
  'Restore',
  'Calibrate',
]
const things = [
  'website, harbour crane, booking page, sail, logo, newsletter, ferry timetable, engine, handbook, dashboard, dock gate',
  'warehouse, photo archive, radar, catalogue, winch, survey, campaign, database, pontoon, hull, gangway',
  'compass, buoy, chart, lighthouse, capstan, sextant, foghorn, astrolabe',
].flatMap((line) => line.split(', '))
const places = [
  'Rotterdam',
  'Hamburg',
  'Antwerp',
  'Lisbon',
  'Oslo',
  'Gdansk',
  'Marseille',
  'Genoa',
  'Bergen',
  'Porto',
  'Riga',
  'Turku',
  'Bremen',
  'Cork',
  'Split',
  'Varna',
  'Vigo',
  'Kiel',
  'Tromso',
  'Stavoren',
]
const sentences = [
  'We need it before the season starts.',
  'The drawings are done, and you get them on the first day.',
  'It has worked for twenty years, and stopped last week.',
  'You work with two people who know it well.',
  'Tell us what you did before, and when you can begin.',
  'Remote work is fine, with one visit on board.',
  'The old one stays in use until yours is ready.',
  'Everything has to be documented in plain words.',
  'There is a crane, a workshop and good coffee.',
  'The budget is fixed, the date is not.',
  'We had an offer already, which was too vague.',
  'Tests matter to us more than speed.',
  'It should survive a winter at the coast.',
  'Bring your own tools, we pay for material.',
  'Half of it is finished, by somebody who has left.',
  'A second part may follow in autumn.',
  'The mooring is narrow, so measure twice.',
  'Barnacles are a part of the problem.',
]
const skills = [
  'javascript',
  'sql',
  'welding',
  'copywriting',
  'logistics',
  'painting',
  'figma',
  'english',
  'dutch',
  'python',
  'hydraulics',
  'carpentry',
  'seo',
  'photography',
  'rigging',
  'cartography',
]

/** Of a list the first ones often and the last ones seldom. `share` is from 0 to 1. */
export const skewed = <T>(list: readonly T[], share: number): T => list[Math.floor(share * share * list.length)] as T

/** From 0 to 1, the same for the same number and purpose: cheap, and in no order that anyone sees. */
export function shareOf(number: number, purpose: number): number {
  let mixed = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296
}

export const titleOf = (job: number): string =>
  `${skewed(verbs, shareOf(job, 1))} the ${skewed(things, shareOf(job, 2))} in ${skewed(places, shareOf(job, 3))}`

/** Unique by the number at its end. */
export const slugOf = (job: number): string => `${titleOf(job).toLowerCase().replaceAll(' ', '-')}-${job.toString(36)}`

/** Two to five sentences. */
export function descriptionOf(job: number): string {
  const count = 2 + Math.floor(shareOf(job, 4) * 4)
  return Array.from({ length: count }, (_, at) => skewed(sentences, shareOf(job, 10 + at))).join(' ')
}

/** None to three, each once, as PostgreSQL writes an array. */
export function skillsOf(job: number): string {
  const count = Math.floor(shareOf(job, 5) * 4)
  return `{${[...new Set(Array.from({ length: count }, (_, at) => skewed(skills, shareOf(job, 20 + at))))].join(',')}}`
}

export const categoryOf = (job: number): string =>
  skewed(['engineering', 'design', 'marketing', 'writing', 'support', 'operations', 'other'], shareOf(job, 6))

export const letterOf = (application: number): string =>
  `I did this ${2 + Math.floor(shareOf(application, 7) * 20)} times before. ${skewed(sentences, shareOf(application, 8))}`
