import { durationMs } from '#lib/duration.ts'

/** What can be said of containers, by an annotation of their pod or by a flag about their image. Times in milliseconds. */
export interface BehaviourSettings {
  readonly exitAfterMs?: number
  readonly exitCode?: number
  readonly readyAfterMs?: number
  readonly stopAfterMs?: number
  readonly startError?: string
  /** Of an image only. */
  readonly pullMs?: number
  readonly pullError?: string
}

/** Before the name of each annotation. */
export const annotationPrefix = 'simulate.wherry.dev/'

interface Setting {
  readonly field: keyof BehaviourSettings
  readonly read: (text: string) => number | string | undefined
  readonly wanted: string
  readonly ofImageOnly?: true
}

const duration: Pick<Setting, 'read' | 'wanted'> = {
  read(text) {
    try {
      const ms = durationMs(text)
      return ms >= 0 ? ms : undefined
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
  },
  wanted: 'a duration such as 30s or 1m30s',
}
const anyText: Pick<Setting, 'read' | 'wanted'> = { read: (text) => text || undefined, wanted: 'a text' }

/** By the names that users write. */
export const settings: Readonly<Record<string, Setting>> = {
  'exit-after': { field: 'exitAfterMs', ...duration },
  'exit-code': {
    field: 'exitCode',
    read: (text) => (/^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : undefined),
    wanted: 'a number from 0 to 255',
  },
  'ready-after': { field: 'readyAfterMs', ...duration },
  'stop-after': { field: 'stopAfterMs', ...duration },
  'start-error': { field: 'startError', ...anyText },
  'pull-time': { field: 'pullMs', ...duration, ofImageOnly: true },
  'pull-error': { field: 'pullError', ...anyText, ofImageOnly: true },
}

export interface ReadSettings {
  readonly settings: BehaviourSettings
  readonly problems: readonly string[]
}

/** The simulation's own annotations among all of a pod's. */
export const readAnnotations = (annotations: Readonly<Record<string, string>>): ReadSettings =>
  readSettings(
    Object.entries(annotations)
      .filter(([name]) => name.startsWith(annotationPrefix))
      .map(([name, value]) => [name.slice(annotationPrefix.length), value] as const),
    'pod',
  )

/** Names and values as users write them, of a pod or of an image. */
export function readSettings(pairs: readonly (readonly [name: string, value: string])[], of: 'pod' | 'image'): ReadSettings {
  const found: Record<string, unknown> = {}
  const problems: string[] = []
  for (const [name, text] of pairs) {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined
    if (setting === undefined || (of === 'pod' && setting.ofImageOnly)) {
      problems.push(`${name} is nothing that can be said of ${of === 'pod' ? 'a pod' : 'an image'}; there are ${namesFor(of).join(', ')}`)
      continue
    }
    const value = setting.read(String(text))
    if (value === undefined) problems.push(`${name} must be ${setting.wanted}, not "${text}"`)
    else found[setting.field] = value
  }
  return { settings: found as BehaviourSettings, problems }
}

const namesFor = (of: 'pod' | 'image'): readonly string[] =>
  Object.entries(settings)
    .filter(([, setting]) => of === 'image' || !setting.ofImageOnly)
    .map(([name]) => name)

/** What is wrong with such annotations anywhere in an object: a pod's own, or those of its template however deep. */
export function annotationProblems(object: unknown, path = ''): readonly string[] {
  if (Array.isArray(object)) return object.flatMap((item, index) => annotationProblems(item, `${path}[${index}]`))
  if (typeof object !== 'object' || object === null) return []
  return Object.entries(object).flatMap(([key, value]) => {
    const here = path === '' ? key : `${path}.${key}`
    if (key !== 'annotations' || typeof value !== 'object' || value === null) return annotationProblems(value, here)
    return readAnnotations(value as Record<string, string>).problems.map((problem) => `${here}: ${annotationPrefix}${problem}`)
  })
}
