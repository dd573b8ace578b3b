import type { KubeObject } from '#api/kind.ts'
import type { Explanation, Reason } from './explanation.ts'
import { refusalReason } from './reasons/not-made.ts'
import { reasonsOf, stateOf } from './reasons/object.ts'
import { standingOf } from './reasons/standing.ts'
import { storyOf } from './story.ts'
import { keyOf, recordOfWrites, type View } from './view.ts'
import { kindOf } from './words.ts'

/** Why the target is as it is: pure, from what was read. */
export function explain(view: View): Explanation {
  const { target, known, kinds } = view
  const kind = kindOf(kinds, target)
  const about = `${kind.toLowerCase()} ${target.name}`
  const object = known.get(keyOf(target))?.object
  const story = storyOf(view)
  const reasons = object === undefined ? absent(view, about) : reasonsOf(object, view, about)
  return {
    object: { ...target, kind, ...(object !== undefined && { revision: Number(object.metadata.resourceVersion) }) },
    state: object === undefined ? 'not there' : stateOf(object, view),
    isWell: object !== undefined && reasons.length === 0 && isDone(view, object),
    steps: story.steps,
    reasons,
    ...(view.scored !== undefined && { scores: view.answers?.get(view.scored)?.scores ?? [] }),
    notes: notesOf(view, story),
  }
}

function isDone(view: View, object: KubeObject): boolean {
  const standing = standingOf(view.target, object)
  return standing === undefined || standing.isDone || standing.problem === undefined
}

/** What is known of an object that is not there: that it went, or that somebody could not make it. */
function absent({ target, known, events }: View, about: string): readonly Reason[] {
  const last = known.get(keyOf(target))?.writes.at(-1)
  if (last !== undefined) return [{ code: 'gone', about, message: `it was deleted, and is gone since ${last.time}` }]
  const refused = events.findLast(({ reason, message }) => reason === 'FailedCreate' && message?.includes(target.name))
  if (refused === undefined) return [{ code: 'gone', about, message: 'there is none of this name, and nothing tells of one' }]
  const refusal = refusalReason(refused.message ?? '', about)
  const owner = `${refused.involvedObject.kind?.toLowerCase()} ${refused.involvedObject.name}`
  return [{ ...refusal, message: `${owner} cannot make it: ${refusal.message}` }]
}

function notesOf(view: View, { forgotten, isCut }: ReturnType<typeof storyOf>): readonly string[] {
  const names = forgotten.map((ref) => `${kindOf(view.kinds, ref)} ${ref.name}`)
  return [
    ...(view.hasJournal || view.unread.some((text) => text.startsWith(recordOfWrites))
      ? []
      : ['This server keeps no record of who wrote what and why: the lines above are told from owners, managed fields and events.']),
    ...(names.length > 0
      ? [
          `The server remembers nothing of how ${names.join(', ')} came to be: it keeps writes in memory, the latest ones since its start. ` +
            'That part is told from owners and managed fields.',
        ]
      : []),
    ...(isCut ? ['There was more than is told here.'] : []),
    ...view.unread.map((text) => `Not taken into account: ${text}.`),
  ]
}
