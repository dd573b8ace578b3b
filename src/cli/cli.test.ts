import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { paths } from '#host/layout.ts'
import { tryLock } from '#host/lock.ts'
import { cli } from './cli.ts'
import type { ForegroundServer } from './command.ts'
import { allCommands } from './commands.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-cli-'))
after(() => rmSync(folder, { recursive: true }))

test('a server gets what its options say', async () => {
  const started: ForegroundServer[] = []
  const words = ['server', '--data', folder, '--listen', '[::1]:7443', '--components', 'apiserver,scheduler', '--admin-token', 't']
  const layout = { dataDirectory: join(folder, 'data'), runDirectory: join(folder, 'run') }
  const terminal = { out: () => {}, error: () => {}, interactive: false }
  const code = await cli({
    words,
    layout,
    env: {},
    terminal,
    programs: { ...programs, server: async (options) => void started.push(options) },
  })
  assert.equal(code, 0)
  const expected = { host: '::1', port: 7443, controllers: false, scheduler: true, adminToken: 't', anonymous: 'all' }
  assert.deepEqual(started, [{ dataDirectory: folder, ...expected }])
})

test('a server gets its settings as paths, lists and numbers', async () => {
  const started: ForegroundServer[] = []
  const words = ['server', '--data', folder, '--anonymous', 'none', '--authentication-config', 'a.yaml', '--disable-admission-plugins']
  words.push('Priority,PodSecurity', '--audit-policy', '/p', '--audit-webhook-config', '/w', '--audit-log-maxage', '30')
  words.push('--service-cluster-ip-range', 'FD00::7/112, 10.96.1.0/12')
  words.push(
    '--admission-control-config-file',
    '/c',
    '--default-unreachable-toleration-seconds',
    '60',
    '--node-monitor-grace-period',
    '20s',
  )
  const layout = { dataDirectory: join(folder, 'data'), runDirectory: join(folder, 'run') }
  const terminal = { out: () => {}, error: assert.fail, interactive: false }
  await cli({ words, layout, env: {}, terminal, programs: { ...programs, server: async (options) => void started.push(options) } })
  const { dataDirectory: _1, host: _2, port: _3, controllers: _4, scheduler: _5, adminToken: _6, ...settings } = started[0]!
  assert.deepEqual(settings, {
    serviceCIDR: 'fd00::/112,10.96.0.0/12',
    anonymous: 'none',
    authenticationConfig: join(process.cwd(), 'a.yaml'),
    disableAdmissionPlugins: ['Priority', 'PodSecurity'],
    admissionControlConfigFile: '/c',
    defaultUnreachableTolerationSeconds: 60,
    nodeMonitorGracePeriod: '20s',
    auditPolicy: '/p',
    auditLogMaxAgeDays: 30,
    auditWebhookConfig: '/w',
  })
})

const programs = {
  server: () => assert.fail('no server was asked for'),
  simulate: () => assert.fail('no simulation was asked for'),
}

check('a grace that is none', ['server', '--data', folder, '--node-monitor-grace-period', '50'], {
  code: 2,
  err: /--node-monitor-grace-period must be a duration of at least 1s, such as 50s or 1m30s, not "50"/,
})
check('ranges that are none', ['server', '--data', folder, '--service-cluster-ip-range', '10.96.0.0'], {
  code: 2,
  err: /--service-cluster-ip-range is "10\.96\.0\.0"; "10\.96\.0\.0" is no range such as/,
})
check('no words: help', [], { code: 0, out: /Usage: wherry COMMAND/ })
check('help', ['help'], { code: 0, out: /kubectl {2,}Run kubectl/ })
check('help of a command', ['help', 'up'], { code: 0, out: /--api-port PORT/ })
check('an unknown command', ['fly'], { code: 2, err: /there is no command "fly"/ })
check('an unknown option', ['status', '--jsn'], { code: 2, err: /--jsn/ })
check('an argument too many', ['version', 'x'], { code: 2, err: /does not take "x"/ })
check('an argument too few', ['logs'], { code: 2, err: /needs .*server\|agent/ })
check('a log that nobody writes', ['logs', 'kitchen'], { code: 2, err: /there are server, agent, containerd and router/ })
check('a number that is none', ['logs', 'server', '-n', 'many'], { code: 2, err: /--lines must be a number/ })
check('no cluster: what makes one', ['status'], { code: 69, err: /"wherry up" makes one/ })
check('no cluster: no kubeconfig', ['kubeconfig'], { code: 69, err: /"wherry up" makes one/ })
check('no cluster: no images', ['image', 'list'], { code: 69, err: /"wherry up" starts one/ })
check('an image command that is none', ['image', 'eat'], { code: 69, err: /wherry up/ })
check('version', ['version'], { code: 0, out: /^Wherry \d+\.\d+\.\d+, compatible with Kubernetes v1\.36/ })
check('version for programs', ['version', '--json'], { code: 0, out: /^{"wherry":"\d/ })
check('a server without a folder', ['server'], { code: 2, err: /--data DIR is missing/ })
check('a server on a port that is none', ['server', '--data', 'd', '--listen', '127.0.0.1:x'], { code: 2, err: /takes ADDRESS:PORT/ })
check('a component that is none', ['server', '--data', 'd', '--components', 'apiserver,kubelet'], { code: 2, err: /has "kubelet"/ })
check('audit that goes nowhere', ['server', '--data', 'd', '--audit-policy', 'p'], {
  code: 2,
  err: /--audit-log or --audit-webhook-config has/,
})
check('audit of nothing', ['server', '--data', 'd', '--audit-log', 'l'], { code: 2, err: /--audit-policy has to say which/ })
check('an age that is none', ['server', '--data', 'd', '--audit-log-maxage', '1d'], { code: 2, err: /maxage must be a whole number/ })
check('a gate that is none', ['server', '--data', 'd', '--feature-gates', 'Foo=true'], {
  code: 2,
  err: /--feature-gates names the unrecognized/,
})
check('a gate in other words', ['server', '--data', 'd', '--feature-gates', 'NodeSwap=yes'], {
  code: 2,
  err: /--feature-gates must be a mapping of names to true or false/,
})
check('a version that is none', ['server', '--data', 'd', '--runtime-config', 'apps/v9=true'], {
  code: 2,
  err: /--runtime-config names apps\/v9/,
})
check('strangers that are none', ['server', '--data', 'd', '--anonymous', 'some'], {
  code: 2,
  err: /must be all, health or none, not "some"/,
})
check('a server without its API', ['server', '--data', 'd', '--components', 'scheduler'], { code: 2, err: /lacks apiserver/ })
check('down without a cluster is done', ['down'], { code: 0, out: /Neither server nor agent was running/ }, { rootOnly: true })

for (const { name } of (await allCommands()).filter(({ passesThrough }) => !passesThrough))
  check(`help of ${name}`, [name, '--help'], { code: 0, out: new RegExp(`^Usage: wherry ${name}`) })

for (const words of [['up', '--no-welcome'], ['down'], ['reset']])
  test(`${words[0]} while another call is at work changes nothing`, { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
    const layout = { dataDirectory: join(folder, 'busy-data'), runDirectory: join(folder, 'busy-run') }
    const release = tryLock(paths(layout).callLock)
    let err = ''
    const terminal = { out: () => {}, error: (text: string) => void (err += text), interactive: false }
    assert.equal(await cli({ words, layout, env: {}, terminal, programs }), 1)
    assert.match(err, /another "wherry up", "down".* is at work .* wait until it has ended/)
    assert.equal(existsSync(layout.dataDirectory), false)
    release!()
  })

test('down without a cluster leaves nothing behind', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
  const layout = { dataDirectory: join(folder, 'no-data'), runDirectory: join(folder, 'no-run') }
  await cli({ words: ['down'], layout, env: {}, terminal: { out: () => {}, error: () => {}, interactive: false }, programs })
  assert.equal(existsSync(layout.runDirectory), false)
})

function check(name: string, words: string[], expected: { code: number; out?: RegExp; err?: RegExp }, { rootOnly = false } = {}): void {
  const skip = rootOnly && process.getuid?.() !== 0 ? 'needs root' : false
  test(name, { skip }, async () => {
    let out = ''
    let err = ''
    const terminal = { out: (text: string) => void (out += text), error: (text: string) => void (err += text), interactive: false }
    const layout = { dataDirectory: join(folder, 'data'), runDirectory: join(folder, 'run') }
    const code = await cli({ words, layout, env: {}, terminal, programs })
    assert.equal(code, expected.code, err)
    if (expected.out) assert.match(out, expected.out)
    if (expected.err) assert.match(err, expected.err)
  })
}
