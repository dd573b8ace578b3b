import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { withDefaults } from '#schema/defaults.ts'
import { encodeJson } from '#schema/json.ts'
import { namespace, template } from '../testing/objects.ts'
import { show } from '../testing/world.ts'
import { revisionLabel, surplusRevisions, templateData, templateHistory, withRevision } from './template-history.ts'

check('makes the first one', { image: 'a' }, { update: 'a 1', revisions: [], commands: ['create controllerrevision A'] })
check('finds it again', { image: 'a', there: { one: { image: 'a' } } }, { update: 'one 1', revisions: ['one'], commands: [] })
check(
  'makes the next one',
  { image: 'b', there: { one: { image: 'a', revision: 4 } } },
  { update: 'b 5', revisions: ['one'], commands: ['create controllerrevision B'] },
)
check(
  'raises an old one of the same content',
  { image: 'a', there: { one: { image: 'a', revision: 1 }, two: { image: 'b', revision: 2 } } },
  { update: 'one 3', revisions: ['one', 'two'], commands: ['patch controllerrevision one {"revision":3}'] },
)
check(
  'of several equal ones takes the newest',
  { image: 'a', there: { one: { image: 'a', revision: 1 }, two: { image: 'a', revision: 2 }, three: { image: 'b', revision: 3 } } },
  { update: 'two 4', revisions: ['one', 'two', 'three'], commands: ['patch controllerrevision two {"revision":4}'] },
)
check(
  'orders by number, then age, then name',
  {
    image: 'a',
    there: {
      d: { image: 'a', revision: 2 },
      c: { image: 'x', revision: 1, created: '2026-01-02T00:00:00Z' },
      b: { image: 'y', revision: 1, created: '2026-01-01T00:00:00Z' },
      a: { image: 'z', revision: 1, created: '2026-01-02T00:00:00Z' },
    },
  },
  { update: 'd 2', revisions: ['b', 'a', 'c', 'd'], commands: [] },
)
check(
  'knows one that was written before a field had its default',
  { image: 'a', there: { one: { image: 'a', lacks: 'dnsPolicy' } } },
  { update: 'one 1', revisions: ['one'], commands: [] },
)
check(
  'adopts an orphan, after a look at its owner',
  { image: 'a', there: { one: { image: 'a', owner: null } } },
  {
    update: 'one 1',
    revisions: ['one'],
    commands: ['confirm that statefulset web is unchanged', 'patch controllerrevision one owners set'],
  },
)
check(
  'takes no orphan that is being deleted, or is not selected, and nothing of somebody else',
  {
    image: 'a',
    there: {
      one: { image: 'b', owner: null, leaving: true },
      two: { image: 'b', owner: null, labels: { app: 'other' } },
      three: { image: 'b', owner: 'other' },
      four: { image: 'b', labels: { app: 'other' } },
    },
  },
  { update: 'a 1', revisions: [], commands: ['create controllerrevision A'] },
)
check(
  'does nothing for an owner that is being deleted',
  {
    image: 'a',
    ownerIsLeaving: true,
    there: { one: { image: 'a' }, two: { image: 'b', revision: 2 }, three: { image: 'c', owner: null } },
  },
  { update: 'one 3', revisions: ['one', 'two'], commands: [] },
)
check(
  'takes another name where its own is taken by something else',
  { image: 'a', taken: { image: 'b' } },
  { update: 'a/1 1', revisions: [], commands: ['create controllerrevision A/1'], collisionCount: 1 },
)
check(
  'takes for its own what has its name and content, whoever controls it',
  { image: 'a', taken: { image: 'a', owner: 'predecessor' } },
  { update: 'a 1', revisions: [], commands: [] },
)

test('deletes what is too much of what nothing uses, oldest first', () => {
  const revisions = ['a', 'b', 'c', 'd', 'e'].map((name, at) => revision(name, { image: name, revision: at + 1 }))
  const surplus = (limit: number, ...inUse: string[]) => surplusRevisions(revisions, new Set(inUse), limit).map(show)
  assert.deepEqual(surplus(2, 'e'), ['delete controllerrevision a', 'delete controllerrevision b'])
  assert.deepEqual(surplus(2, 'a', 'e'), ['delete controllerrevision b'])
  assert.deepEqual(surplus(0, 'a', 'b', 'c', 'd', 'e'), [])
  assert.deepEqual(surplus(-1), [])
})

test('brings back the template of a revision, with the defaults of today, and nothing else', () => {
  const owner = set('b')
  const back = withRevision(owner, revision('one', { image: 'a', lacks: 'dnsPolicy' }))
  assert.deepEqual(back.spec.template, set('a').spec.template)
  assert.deepEqual({ ...back.spec, template: null }, { ...owner.spec, template: null })
})

test('a revision without a template changes nothing; one that cannot be merged says so', () => {
  const owner = set('a')
  const with_ = (data: unknown) => ({ ...revision('one', { image: 'a' }), data }) as ControllerRevision
  assert.equal(withRevision(owner, with_({ other: 1 })), owner)
  assert.throws(() => withRevision(owner, with_({ spec: { template: { $patch: 'no' } } })), { code: 'InternalError' })
})

interface RevisionFacts {
  readonly image: string
  readonly revision?: number
  readonly created?: string
  /** The uid of its controller; null: none. */
  readonly owner?: string | null
  readonly labels?: Readonly<Record<string, string>>
  readonly leaving?: boolean
  /** A field of the pod's spec that its data do not have. */
  readonly lacks?: string
}

function set(image: string, more: object = {}): StatefulSet {
  const labels = { app: 'web' }
  const object = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: 'web',
      namespace,
      uid: 'set',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: { a: 'b' },
      ...more,
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: template(image, labels),
      updateStrategy: {},
    },
    status: { replicas: 0, availableReplicas: 0 },
  } as unknown as StatefulSet
  return StatefulSet.rules.defaults!(withDefaults(StatefulSet, object))
}

function revision(name: string, facts: RevisionFacts): ControllerRevision {
  const { owner = 'set' } = facts
  const data = structuredClone(templateData(set(facts.image))) as { spec: { template: { spec: Record<string, unknown> } } }
  if (facts.lacks !== undefined) delete data.spec.template.spec[facts.lacks]
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      resourceVersion: '7',
      creationTimestamp: facts.created ?? '2026-01-01T00:00:00Z',
      labels: facts.labels ?? { app: 'web' },
      ...(facts.leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      ...(owner === null
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: owner, controller: true }] }),
    },
    data,
    revision: facts.revision ?? 1,
  } as unknown as ControllerRevision
}

/** The name that a revision of this image gets; with `/1` after one collision. */
function nameOf(image: string, collisionCount?: number): string {
  const owner = { ...set(image), status: { replicas: 0, availableReplicas: 0, ...(collisionCount && { collisionCount }) } }
  return templateHistory({ kind: StatefulSet, object: owner, label: revisionLabel }, templateData(owner), [], () => undefined).update
    .metadata.name
}

interface Given {
  readonly image: string
  readonly there?: Readonly<Record<string, RevisionFacts>>
  /** Has the name that the present template would get. */
  readonly taken?: RevisionFacts
  readonly ownerIsLeaving?: boolean
}

interface Expected {
  /** Its name, or `<image>` of one to be made, and its number. */
  readonly update: string
  readonly revisions: readonly string[]
  readonly commands: readonly string[]
  readonly collisionCount?: number
}

test('its data is, to the byte, what kubectl makes of the present template', () => {
  const { metadata, spec } = template()
  const command = ['sh', '-c', 'a < b && c > d']
  const object = { spec: { template: { metadata, spec: { ...spec, containers: [{ name: 'main', image: 'a', command }] } } } }
  const history = templateHistory(
    { kind: StatefulSet, object: { ...set('a'), ...object } as StatefulSet, label: revisionLabel },
    templateData(object as StatefulSet),
    [],
    () => undefined,
  )
  const text = encodeJson(ControllerRevision, history.update)
  const container = '{"command":["sh","-c","a \\u003c b \\u0026\\u0026 c \\u003e d"],"image":"a","name":"main"}'
  const labels = '"metadata":{"labels":{"app":"web"}}'
  const wanted = `"data":{"spec":{"template":{"$patch":"replace",${labels},"spec":{"containers":[${container}]`
  assert.ok(text.includes(wanted), text)
})

function check(name: string, { image, there = {}, taken, ownerIsLeaving }: Given, expected: Expected): void {
  test(name, () => {
    const names = new Map(
      ['a', 'b'].flatMap(
        (one) =>
          [
            [nameOf(one), one],
            [nameOf(one, 1), `${one}/1`],
          ] as const,
      ),
    )
    const object = set(image, ownerIsLeaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {})
    const holder = taken === undefined ? undefined : revision(nameOf(image), taken)
    const history = templateHistory(
      { kind: StatefulSet, object, label: revisionLabel },
      templateData(object),
      Object.entries(there).map(([name, facts]) => revision(name, facts)),
      (name) => (name === holder?.metadata.name ? holder : undefined),
    )
    const { metadata } = history.update
    assert.equal(`${names.get(metadata.name) ?? metadata.name} ${history.update.revision}`, expected.update)
    assert.deepEqual(
      history.revisions.map((one) => one.metadata.name),
      expected.revisions,
    )
    assert.deepEqual(
      history.commands.map((command) => {
        if (command.do === 'create') {
          const { object } = command as { object: ControllerRevision }
          assert.deepEqual(object.metadata.labels, { app: 'web', 'controller-revision-hash': object.metadata.name.slice('web-'.length) })
          assert.deepEqual(object.metadata.annotations, { a: 'b' })
          assert.equal('uid' in object.metadata, false)
          return `create controllerrevision ${names.get(object.metadata.name)!.toUpperCase()}`
        }
        if (command.do !== 'patch') return show(command)
        const { metadata } = command.body as { metadata?: { ownerReferences: { uid: string }[] } }
        return metadata === undefined
          ? show(command)
          : `patch controllerrevision ${command.name} owners ${metadata.ownerReferences.map(({ uid }) => uid)}`
      }),
      expected.commands,
    )
    assert.equal(history.collisionCount, expected.collisionCount)
  })
}
