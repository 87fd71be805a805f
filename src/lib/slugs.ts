import { randomBytes } from 'node:crypto'
import slugify from '@sindresorhus/slugify'

/** Words that a page, a route or a role of ours may need, so that no one can stand in for it. */
const reserved = new Set(
  `about account admin api app apply auth billing blog careers contact contracts dashboard docs download explore health help home
  images jobs legal login logout mail me metrics new null openapi password payments pricing privacy profile public ready register
  root search security settings signin signup sitemap slugs static status support system terms undefined users webhooks www`.split(
    /\s+/,
  ),
)

export const isReserved = (slug: string) => reserved.has(slug)

/** A slug made of a title: at most 80 characters, possibly reserved, or empty where the title has no letter or digit. */
export const slugFrom = (title: string) => slugify(title).slice(0, 80).replace(/-+$/, '')

/** The same slug with six random characters, for when it is taken or unusable as it is. */
export const distinctSlug = (slug: string) =>
  [slug, randomBytes(4).toString('hex').slice(0, 6)].filter(Boolean).join('-')
