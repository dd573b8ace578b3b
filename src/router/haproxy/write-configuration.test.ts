import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Listener } from '../model/listener.ts'
import type { Route } from '../model/route.ts'
import { routeProblem } from '../model/route-problem.ts'
import { backend, listener, route } from '../testing/models.ts'
import { settingsAt } from '../testing/settings.ts'
import { noConfiguration } from './configuration.ts'
import { configurationFiles } from './configuration-files.ts'
import { afterCommands, differenceOf } from './runtime-commands.ts'
import { slotsOf } from './weight-slots.ts'
import { writeConfiguration } from './write-configuration.ts'

const settings = settingsAt('192.0.2.1', 'fd00::1')
const write = (routes: readonly Route[], endpoints: readonly number[] = [1], draining: readonly number[] = []) =>
  writeConfiguration(
    { backends: [backend('ns/web:80', endpoints, draining)], certificates: [], listeners: [listener({ routes })] },
    settings,
  )

/** Words of a line, by the rules of the configuration's language: blanks separate, single quotes keep together, a backslash takes the next one as it is. */
function words(line: string): string[] {
  return line.match(/(?:'[^']*'|"(?:\\.|[^"])*"|\\.|[^\s'"\\])+/g) ?? []
}

/** A route that says something given by users wherever it can. */
const spoken = (text: string): Route => {
  const changes = { set: [{ name: 'x-a', value: text }], add: [{ name: 'x-b', value: text }], remove: [] }
  return route({
    name: 'spoken',
    headers: [{ name: 'x-c', type: 'Exact', value: text }],
    queryParameters: [{ name: 'q', type: 'Exact', value: text }],
    action: { do: 'forward', backends: [{ to: 'ns/web:80', weight: 1, responseHeaders: changes }], requestHeaders: changes },
  })
}

test('no text of a user becomes a part of the language: whatever it is, lines and words stay as many', () => {
  const shape = (text: string) => {
    const files = configurationFiles(write([spoken(text)]).configuration, '/d')
    const counts = (content: string) => content.split('\n').map((line) => words(line).length)
    const backends = [...files].filter(([name]) => name.startsWith('backends/')).flatMap(([, content]) => counts(content))
    // Which of their files a section stands in hangs on its name, and that on the text.
    return [
      ...[...files].filter(([name]) => !name.startsWith('backends/')).map(([name, content]) => [name, counts(content)]),
      backends.filter((count) => count > 0).sort(),
    ]
  }
  const plain = shape('plain')
  const nasty = fc.string({ unit: fc.constantFrom(...`'"\\ %[]{}$#\n\r\t;(),x|`), maxLength: 30 })
  fc.assert(
    fc.property(fc.oneof(nasty, fc.string({ maxLength: 60 })), (text) => {
      if (routeProblem(spoken(text)) === undefined) assert.deepEqual(shape(text), plain)
      else assert.equal(write([spoken(text)]).leftOut.length, 1)
    }),
    { numRuns: 500 },
  )
})

test('texts for formats double what begins a variable', () => {
  const text = [...configurationFiles(write([spoken(`it's 100%[src]`)]).configuration, '/d').values()].join('\n')
  assert.ok(text.includes(`http-request set-header 'x-a' 'it'\\''s 100%%[src]'`))
  // A value that is compared is no format.
  assert.ok(text.includes(`-m str -- 'it'\\''s 100%[src]'`))
})

const refused = (name: string, parts: Partial<Route>, problem: RegExp) =>
  test(`left out: ${name}`, () => {
    const bad = route({ name: 'bad', ...parts })
    assert.match(routeProblem(bad) ?? '', problem)
    const { leftOut, configuration } = write([bad])
    assert.deepEqual(
      leftOut.map(({ route: left }) => left),
      ['bad'],
    )
    assert.equal(configuration.maps.get('maps/p18080-prefixes.map')!.size, 0)
  })
refused('a host with a line in it', { hostname: 'a.example\nbackend x' }, /not a DNS name/)
refused('a path with a space', { path: { type: 'Prefix', value: '/a b' } }, /must begin with \//)
refused('a path that is none', { path: { type: 'Exact', value: 'a' } }, /must begin with \//)
refused('a method of two words', { method: 'GET POST' }, /not a token/)
refused('a header that is none', { headers: [{ name: 'a:b', type: 'Exact', value: '' }] }, /not a token/)
refused('a pattern that goes back for ever', { path: { type: 'RegularExpression', value: '/(a+)+' } }, /unbounded/)
refused('a pattern that RE2 refuses', { path: { type: 'RegularExpression', value: '/(?=a)' } }, /regular expression/)
refused('a redirect to a host with a path', { action: { do: 'redirect', status: 302, hostname: 'a.example/x' } }, /not a DNS name/)

test('weights are a wheel: exact while it is small, and nobody is left out of a large one', () => {
  assert.deepEqual(slotsOf([90, 10]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  assert.deepEqual(slotsOf([5, 5]), [0, 1])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 8 }), (weights) => {
      const slots = slotsOf(weights)
      const sum = weights.reduce((left, right) => left + right, 0)
      assert.ok(slots.length <= 1_010)
      weights.forEach((weight, index) => {
        const share = slots.filter((slot) => slot === index).length / slots.length
        assert.ok(share > 0 && Math.abs(share - weight / sum) < 0.01)
      })
    }),
  )
})

test('endpoints are commands, other text is a reload, and a second look has nothing to do', () => {
  const to = (name: string, hostname = '') =>
    route({ name, hostname, action: { do: 'forward', backends: [{ to: 'ns/web:80', weight: 1 }] } })
  const texts = (from: ReturnType<typeof write>, wanted: ReturnType<typeof write>, retired: readonly string[] = []) => {
    const { reload, commands } = differenceOf(from.configuration, wanted.configuration, new Set(retired), '/d')
    return reload ?? commands.map(({ text }) => text)
  }
  const one = write([to('a')])
  assert.deepEqual(texts(one, one), [])
  assert.deepEqual(texts(one, write([to('a')], [1, 2])), [
    'add server b_ns_web:80/127.0.0.1-2 127.0.0.1:2 weight 100',
    'enable server b_ns_web:80/127.0.0.1-2',
  ])
  assert.deepEqual(texts(one, write([to('a')], [1, 2]), ['b_ns_web:80/127.0.0.1-2']), [
    'set server b_ns_web:80/127.0.0.1-2 state ready',
    'set server b_ns_web:80/127.0.0.1-2 weight 100',
  ])
  assert.deepEqual(texts(one, write([to('a')], [1], [1])), ['set server b_ns_web:80/127.0.0.1-1 weight 0'])
  assert.deepEqual(texts(one, write([to('a')], [])), ['set server b_ns_web:80/127.0.0.1-1 state maint'])
  assert.deepEqual(texts(one, write([to('a'), to('b', 'b.example')])), [
    'add map /d/maps/p18080-hosts.map b.example b.example',
    'add map /d/maps/p18080-prefixes.map b.example/ b_ns_web:80',
  ])
  assert.match(texts(one, write([route({ name: 'a', action: { do: 'redirect', status: 302, scheme: 'https' } })])) as string, /is new$/)
  // What nothing leads to any more waits for the next reload.
  const gone = write([])
  assert.deepEqual(texts(one, gone), ['del map /d/maps/p18080-prefixes.map */'])
  assert.deepEqual(differenceOf(afterCommands(one.configuration, gone.configuration), gone.configuration, new Set(), '/d').commands, [])
  assert.equal(differenceOf(noConfiguration, one.configuration, new Set(), '/d').reload, 'global is new')
})

test('a certificate for thousands of names has many lines, since HAProxy takes no longer ones', () => {
  const hostnames = Array.from({ length: 3_000 }, (_, index) => `h${index}.example`)
  const { configuration } = writeConfiguration(
    {
      backends: [],
      certificates: [{ name: 'ns/tls', chain: 'chain', key: 'key' }],
      listeners: [listener({ protocol: 'HTTPS', certificates: [{ certificate: 'ns/tls', hostnames }] })],
    },
    settings,
  )
  const lines = configuration.certificateLists.get('certificates/p18080.list')!
  assert.deepEqual(new Set(lines.flatMap((line) => line.hostnames)), new Set(hostnames))
  assert.ok(lines.every((line) => line.hostnames.length <= 100))
})

test('a certificate of a listener for every host is shown where no name picks one; which one that is takes a reload to change', () => {
  const certificates = ['a', 'b'].map((name) => ({ name: `ns/${name}`, chain: `chain ${name}`, key: 'key' }))
  const shown = (...listeners: readonly Listener[]) => writeConfiguration({ backends: [], certificates, listeners }, settings).configuration
  const tls = (name: string, certificate: string, fields: Partial<Listener> = {}) =>
    listener({ name, protocol: 'HTTPS', certificates: [{ certificate, hostnames: [] }], ...fields })
  const files = ({ certificateLists }: ReturnType<typeof shown>) =>
    certificateLists.get('certificates/p18080.list')!.map(({ file }) => /\/(.*)\.pem/.exec(file)![1])
  const one = shown(tls('x', 'ns/b', { hostname: 'b.example' }))
  assert.deepEqual(files(one), ['default', 'ns_b'])
  const two = shown(tls('x', 'ns/b', { hostname: 'b.example' }), tls('y', 'ns/a'))
  assert.deepEqual(files(two), ['ns_a', 'default', 'ns_b'])
  assert.deepEqual(files(shown(tls('x', 'ns/gone'), tls('y', 'ns/a'))), ['ns_a', 'default'])
  assert.match(differenceOf(one, two, new Set(), '/d').reload!, /begins with another certificate/)
  assert.match(differenceOf(two, shown(tls('x', 'ns/b'), tls('y', 'ns/a')), new Set(), '/d').reload!, /begins with another certificate/)
})
