import type { KubeObject } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import type { Cause, WriteEntry } from '#lib/cause.ts'
import type { Step } from './explanation.ts'
import { groupOf, type Known, keyOf, type Ref, type View } from './view.ts'
import { fieldsOf, kindOf, whatWas, whoWas } from './words.ts'

/** What led to an object, earliest first, and which objects would have to be read to tell more. */
export interface Story {
  readonly steps: readonly Step[]
  readonly needs: readonly Ref[]
  /** Kinds of owners that nobody has named yet: `Berth.harbour.example`. */
  readonly unknownKinds: readonly string[]
  /** Objects whose beginnings the server remembers no more. */
  readonly forgotten: readonly Ref[]
  /** There was more than is told. */
  readonly isCut: boolean
}

/**
 * From the writes of the target itself backwards: each write to the version that led to it (that write, or the newest before it), to its cause,
 * and so on until somebody wrote without one. Beside that the line of owners, each from its creation. What the server has forgotten is told from
 * the objects' own managed fields and owner references.
 */
export function storyOf({ target, known, kinds, hasJournal }: Pick<View, 'target' | 'known' | 'kinds' | 'hasJournal'>): Story {
  const steps = new Map<string, Step>()
  const needs = new Map<string, Ref>()
  const forgotten = new Map<string, Ref>()
  const unknownKinds = new Set<string>()
  const owners = new Set<string>()
  let isCut = false

  const named = (ref: Ref) => ({ ...ref, kind: kindOf(kinds, ref) })

  function stepOf(ref: Ref, write: WriteEntry, object: KubeObject | undefined): Step {
    const who = whoWas(write)
    const did = whatWas(write, ref)
    const fields = isSpecific(write, known.get(keyOf(ref))?.writes ?? []) ? fieldsOf(object, write) : []
    return {
      time: write.time,
      who: who.name,
      ...(who.program !== undefined && { program: who.program }),
      did,
      ...(did === 'placed' && nodeOf(object) && { onto: nodeOf(object)! }),
      object: named(ref),
      revision: write.revision,
      ...(fields.length > 0 && { fields }),
      ...(write.cause !== undefined && { because: { ...named(refOf(write.cause)), revision: Number(write.cause.resourceVersion) } }),
      source: 'journal',
    }
  }

  /** Tells a write and what led to it. A write that is told already ends the way: so do circles. */
  function follow(start: Ref, first: WriteEntry): void {
    let [ref, write]: [Ref, WriteEntry | undefined] = [start, first]
    for (;;) {
      const key = `${keyOf(ref)}@${write.revision}`
      if (steps.has(key)) return
      if (steps.size >= stepsMax) {
        isCut = true
        return
      }
      steps.set(key, stepOf(ref, write, known.get(keyOf(ref))?.object))
      const cause: Cause | undefined = write.cause
      if (cause === undefined) return
      ref = refOf(cause)
      const there = known.get(keyOf(ref))
      if (there === undefined) {
        needs.set(keyOf(ref), ref)
        return
      }
      write = there.writes.findLast(({ revision }) => revision <= Number(cause.resourceVersion))
      if (write === undefined) {
        // Something is known of it all the same.
        beginning(ref)
        return
      }
    }
  }

  /** The creation of an object, and its owner's, up to one that nobody owns. With a `uid`: of that one only, not of a successor of its name. */
  function beginning(ref: Ref, uid?: string): void {
    const key = keyOf(ref)
    if (owners.has(key)) return
    if (owners.size >= ownersMax) {
      isCut = true
      return
    }
    owners.add(key)
    const there = known.get(key)
    if (there === undefined) {
      needs.set(key, ref)
      return
    }
    if (uid !== undefined && there.object !== undefined && there.object.metadata.uid !== uid) return
    const made = creationOf(there)
    if (made !== undefined) follow(ref, made)
    else {
      if (there.object !== undefined || there.writes.length > 0) forgotten.set(key, ref)
      if (there.object !== undefined) for (const step of shownBy(ref, there.object)) steps.set(`${key}:${steps.size}`, step)
    }
    const owner = there.object && controllerOf(there.object)
    if (owner === undefined || owner === null) return
    const kind = kinds.find((one) => one.kind === owner.kind && one.group === groupOf(owner.apiVersion))
    if (kind === undefined) unknownKinds.add(`${owner.kind}.${groupOf(owner.apiVersion)}`)
    else
      beginning(
        { group: kind.group, resource: kind.plural, namespace: kind.scope === 'Namespaced' ? ref.namespace : '', name: owner.name },
        owner.uid,
      )
  }

  /** Who holds fields of it since when, as the object itself says. */
  function shownBy(ref: Ref, object: KubeObject): readonly Step[] {
    const { creationTimestamp, managedFields = [] } = object.metadata
    const since = known.get(keyOf(ref))?.writes[0]?.time
    const entries = managedFields
      .filter(({ subresource, time }) => !subresource && (since === undefined || !time || time < since))
      .toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? ''))
    const creator = entries.find(({ time }) => time === creationTimestamp)
    const created: Step = {
      time: creationTimestamp,
      who: '',
      ...(creator?.manager && { program: creator.manager }),
      did: 'created',
      object: named(ref),
      source: 'object',
    }
    const later = entries
      .filter((entry) => entry !== creator)
      .map(
        ({ manager = '', time }): Step => ({
          time: time ?? '',
          who: '',
          program: manager,
          did: 'changed',
          object: named(ref),
          fields: fieldsOf(object, { manager, time: time ?? '', subresource: '' }),
          source: 'object',
        }),
      )
    return [created, ...later]
  }

  const own = known.get(keyOf(target))
  if (own === undefined) needs.set(keyOf(target), target)
  beginning(target)
  for (const write of own === undefined ? [] : ownWrites(own)) {
    // What a status says is the world's doing; what it followed from is told in its line.
    if (write.subresource === 'status') steps.set(`${keyOf(target)}@${write.revision}`, stepOf(target, write, own?.object))
    else follow(target, write)
  }
  return {
    steps: collapsed([...steps.values()].toSorted(earlier)),
    needs: [...needs.values()],
    unknownKinds: [...unknownKinds],
    forgotten: hasJournal ? [...forgotten.values()] : [],
    isCut,
  }
}

/** More than that nobody reads. */
const stepsMax = 40
const ownersMax = 12

const refOf = ({ resourceVersion: _, ...ref }: Cause): Ref => ref

/** Of the present object, not of a former one of its name. An update may make an object, too: then its first write is of the time of its creation. */
function creationOf({ object, writes }: Known): WriteEntry | undefined {
  const made = writes.findLast(({ verb }) => verb === 'create')
  if (made !== undefined || object === undefined) return made
  return writes[0]?.time === object.metadata.creationTimestamp ? writes[0] : undefined
}

/** Those of the present object. */
function ownWrites(known: Known): readonly WriteEntry[] {
  const made = creationOf(known)
  return made === undefined ? known.writes : known.writes.filter(({ revision }) => revision >= made.revision)
}

/** What a writer holds is what this write changed, only where it had not written before. */
const isSpecific = (write: WriteEntry, writes: readonly WriteEntry[]): boolean =>
  write.verb !== 'create' &&
  write.subresource !== 'status' &&
  !writes.some(
    ({ manager, subresource, revision }) => manager === write.manager && subresource === write.subresource && revision < write.revision,
  )

const nodeOf = (object: KubeObject | undefined): string | undefined =>
  (object as { readonly spec?: { readonly nodeName?: string } } | undefined)?.spec?.nodeName

function earlier(a: Step, b: Step): number {
  if (a.revision !== undefined && b.revision !== undefined) return a.revision - b.revision
  return a.time.localeCompare(b.time) || (a.revision ?? 0) - (b.revision ?? 0)
}

/** Many alike in a row are one line. */
function collapsed(steps: readonly Step[]): readonly Step[] {
  const told: Step[] = []
  for (const step of steps) {
    const last = told.at(-1)
    const isAlike =
      last !== undefined &&
      step.revision !== undefined &&
      last.revision !== undefined &&
      keyOf(last.object) === keyOf(step.object) &&
      last.who === step.who &&
      last.did === step.did &&
      last.did !== 'created'
    if (!isAlike) told.push(step)
    else {
      const { because: _, fields: _fields, ...rest } = last
      told[told.length - 1] = { ...rest, times: (last.times ?? 1) + 1, lastRevision: step.revision!, lastTime: step.time }
    }
  }
  return told
}
