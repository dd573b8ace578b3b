import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Extensions } from './extension.ts'
import type { Registration, Registrations } from './registrations.ts'
import { createRemoteDiscovery } from './remote-discovery.ts'

const name = 'v1.example.com'
const registration = {
  name,
  group: 'example.com',
  version: 'v1',
  service: { namespace: 'a', name: 's', port: 443 },
} as unknown as Registration
const registrations = { of: () => registration, all: [registration], onChange: () => () => {} } as unknown as Registrations

/** A server that answers each round with the next of these tags; what it is asked each time, and what is known in the end. */
function check(title: string, tags: readonly (string | undefined)[], want: readonly (string | undefined)[]): void {
  test(title, async () => {
    const clock = createVirtualClock(0)
    const asked: (string | undefined)[] = []
    const extensions = {
      ask: async (_registration, _user, { headers = {} }) => {
        const etag = tags[asked.length]
        asked.push(headers['if-none-match'])
        if (etag !== undefined && headers['if-none-match'] === etag) return { status: 304, headers: {}, body: new Uint8Array() }
        const items = [{ metadata: { name: 'example.com' }, versions: [{ version: 'v1', resources: [{ resource: 'things' }] }] }]
        return {
          status: 200,
          headers: { 'content-type': 'application/json;as=APIGroupDiscoveryList', ...(etag !== undefined && { etag }) },
          body: Buffer.from(JSON.stringify({ items })),
        }
      },
    } as Pick<Extensions, 'ask'> as Extensions
    const discovery = createRemoteDiscovery({ registrations, extensions, clock, random: seededRandom(1) })
    for (let minute = 0; asked.length < tags.length && minute < 10; minute += 1) await clock.advance(66_000)
    discovery.close()
    assert.deepEqual(asked, want)
    const { freshness, resources } = discovery.of(registration)
    assert.deepEqual([freshness, resources?.length], ['Current', 1])
  })
}

check('a server is asked whether its answer is still that of its tag', ['"1"', '"1"', '"2"', '"2"'], [undefined, '"1"', '"1"', '"2"'])
check('one that gives no tag is asked for its answer', [undefined, undefined, undefined], [undefined, undefined, undefined])
check('one that gives up tags is not asked by its old one', ['"1"', undefined, undefined], [undefined, '"1"', undefined])
check('an empty tag is none', ['', ''], [undefined, undefined])
