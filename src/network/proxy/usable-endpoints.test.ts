import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Endpoint, usableEndpoints } from './usable-endpoints.ts'

const ready = { ready: true, serving: true, terminating: false }
const ending = { ready: false, serving: true, terminating: true }
const down = { ready: false, serving: false, terminating: false }
const gone = { ready: false, serving: false, terminating: true }

check('ready ones serve', ['a ready', 'b down'], { cluster: 'a' })
check('without any ready one, those that end and still serve', ['a ending', 'b down', 'c gone'], { cluster: 'a' })
check('for both policies apart', ['a ending here', 'b ready'], { cluster: 'b', local: 'a' })
check('local ones', ['a ready here', 'b ready', 'c down here'], { cluster: 'ab', local: 'a' })
check('nobody here, but somebody', ['a ready'], { cluster: 'a', local: '' })
check('nobody at all', ['a down', 'b gone here'], { cluster: '', local: '', hasAny: false })
check('a policy that is not used has none', ['a ready here'], { cluster: '', local: 'a' }, { cluster: false, local: true })
check(
  'somebody elsewhere counts though the policy keeps traffic here',
  ['a ready'],
  { cluster: '', local: '' },
  { cluster: false, local: true },
)

check('of this zone', ['a ready z1', 'b ready z2', 'c ready z1,z2'], { cluster: 'ac' })
check('hints of those that are not ready do not matter', ['a ready z1', 'b ready z2', 'c down'], { cluster: 'a' })
check('one without a hint turns hints off', ['a ready z1', 'b ready'], { cluster: 'ab' })
check('nobody for this zone', ['a ready z2', 'b ready z3'], { cluster: 'ab' })
check('a node without a zone', ['a ready z1', 'b ready z2'], { cluster: 'ab' }, undefined, '')
check('of this node', ['a ready n=me', 'b ready n=other'], { cluster: 'a' })
check('of this node before this zone', ['a ready n=me z2', 'b ready n=other z1'], { cluster: 'a' })
check('nobody for this node, but for this zone', ['a ready n=x z2', 'b ready n=other z1'], { cluster: 'b' })
check('one without a hint for nodes leaves those for zones', ['a ready n=me z1', 'b ready z2'], { cluster: 'a' })
check('hints do not count for local ones', ['a ready here z2', 'b ready z1'], { cluster: 'b', local: 'a' })
check('nor for those that end', ['a ending z2', 'b ending z1'], { cluster: 'ab' })

function check(
  name: string,
  lines: readonly string[],
  expected: { readonly cluster: string; readonly local?: string; readonly hasAny?: boolean },
  uses = { cluster: true, local: true },
  zone = 'z1',
): void {
  test(name, () => {
    const { cluster, local, hasAny } = usableEndpoints(lines.map(endpointOf), uses, { nodeName: 'me', zone })
    const names = (all: readonly Endpoint[]) => all.map(({ address }) => address).join('')
    assert.equal(names(cluster), expected.cluster, 'cluster')
    assert.equal(names(local), expected.local ?? names(local), 'local')
    assert.equal(hasAny, expected.hasAny ?? true, 'any')
  })
}

/** `a ready here z1,z2 n=me`: address, state, whether on this node, hints. */
function endpointOf(line: string): Endpoint {
  const [address = '', state = '', ...rest] = line.split(' ')
  return {
    address,
    port: 80,
    local: rest.includes('here'),
    zones: rest.filter((word) => word.startsWith('z')).flatMap((word) => word.split(',')),
    nodes: rest.filter((word) => word.startsWith('n=')).map((word) => word.slice(2)),
    ...{ ready, ending, down, gone }[state as 'ready']!,
  }
}
