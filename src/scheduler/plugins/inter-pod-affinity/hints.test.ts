import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { KubeObject } from '#api/kind.ts'
import { createCluster, nodeOf, podOf, zone } from '../../world/topology-testing.ts'
import { nodeMayHelp, podMayHelp } from './hints.ts'

const term = (app: string, more: object = {}) => ({ topologyKey: zone, labelSelector: { matchLabels: { app } }, ...more })
const near = (...terms: object[]) => ({ podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } })
const apart = (...terms: object[]) => ({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } })
const pod = (uid: string, app: string, affinity: object = {}, node?: string, namespace = 'x') =>
  podOf(uid, { namespace, labels: { app }, spec: { affinity } }, node)
const waiting = (affinity: object) => pod('waiting', 'web', affinity)
const here = (app: string, affinity?: object, namespace?: string) => pod('other', app, affinity, 'a', namespace)

check('one that it needs came', waiting(near(term('db'))), { after: here('db') }, true)
check('another came', waiting(near(term('db'))), { after: here('web') }, false)
check('one that it needs came, without a place', waiting(near(term('db'))), { after: pod('other', 'db') }, false)
check(
  'one of a namespace with the labels came',
  waiting(near(term('db', { namespaceSelector: { matchLabels: { team: 'red' } } }))),
  { after: here('db', {}, 'y') },
  true,
)
check('only one of two terms selects it', waiting(near(term('db'), term('web'))), { after: here('db') }, false)
check('it became one that it needs', waiting(near(term('db'))), { before: here('web'), after: here('db') }, true)
check('it was one before', waiting(near(term('db'))), { before: here('db'), after: here('db') }, false)
check('one that it shuns went', waiting(apart(term('db'))), { before: here('db') }, true)
check('one of two sorts that it shuns went', waiting(apart(term('db'), term('web'))), { before: here('db') }, true)
check('another went', waiting(apart(term('db'))), { before: here('web') }, false)
check('one that it shuns came', waiting(apart(term('db'))), { after: here('db') }, false)
check('one that it shuns became another', waiting(apart(term('db'))), { before: here('db'), after: here('web') }, true)
check('one that shuns it went', waiting({}), { before: here('db', apart(term('web'))) }, true)
check('one that shuns others went', waiting({}), { before: here('db', apart(term('db'))) }, false)
check('the last of its group went, and it may be the first', waiting(near(term('web'))), { before: here('web') }, true)
check('its own labels changed', waiting(apart(term('db'))), { before: pod('waiting', 'db'), after: pod('waiting', 'web') }, true)

const node = (labels: Readonly<Record<string, string>>) => nodeOf('n1', labels)
check('a node in a domain came', waiting(near(term('db'))), { node: [undefined, node({ [zone]: '1' })] }, true)
check('a node in no domain came', waiting(near(term('db'))), { node: [undefined, node({})] }, false)
check('any node is a way out of anti-affinity', waiting(apart(term('db'))), { node: [undefined, node({})] }, true)
check('a node came into a domain', waiting(near(term('db'))), { node: [node({}), node({ [zone]: '1' })] }, true)
check('a node went out of its domain', waiting(near(term('db'))), { node: [node({ [zone]: '1' }), node({})] }, false)
check('a node went out of a shunned domain', waiting(apart(term('db'))), { node: [node({ [zone]: '1' }), node({})] }, true)
check('a node came into a shunned domain', waiting(apart(term('db'))), { node: [node({}), node({ [zone]: '1' })] }, false)
check('a node changed its domain', waiting(apart(term('db'))), { node: [node({ [zone]: '1' }), node({ [zone]: '2' })] }, true)
check('a node has another label', waiting(apart(term('db'))), { node: [node({}), node({ disk: 'ssd' })] }, false)
check('nobody says anything about it', waiting({}), { node: [node({ [zone]: '1' }), node({ [zone]: '2' })] }, false)
check(
  'the domain of one that shuns it changed',
  waiting({}),
  { shunnedBy: pod('there', 'db', apart(term('web')), 'a'), node: [node({ [zone]: '1' }), node({ [zone]: '2' })] },
  true,
)

interface Change {
  readonly before?: object
  readonly after?: object
  readonly node?: readonly [before: object | undefined, after: object | undefined]
  readonly shunnedBy?: ReturnType<typeof pod>
}

function check(name: string, waits: ReturnType<typeof pod>, { before, after, node, shunnedBy }: Change, expected: boolean): void {
  test(name, () => {
    const { world, put } = createCluster()
    put(Namespace, { metadata: { name: 'y', labels: { team: 'red' } } } as unknown as KubeObject)
    world.setNode(nodeOf('a', { [zone]: '1' }))
    if (shunnedBy !== undefined) world.setPod(shunnedBy)
    const helps =
      node === undefined
        ? podMayHelp(waits, { resource: 'Pod', actions: ['Update'], before, after }, world)
        : nodeMayHelp(waits, { resource: 'Node', actions: ['Update'], before: node[0], after: node[1] }, world)
    assert.equal(helps, expected)
  })
}
