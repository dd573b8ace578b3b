/** Two machines made of namespaces, with a cable between them: a server on one, and the other joins. Needs root, containerd and util-linux. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Config, defaultConfig, readConfig, writeConfig } from '#host/config.ts'
import { containerdPidFile } from '#host/containerd.ts'
import { findDaemon, startDaemon, stopDaemon } from '#host/daemon.ts'
import { type Layout, paths } from '#host/layout.ts'
import { entering, machineCgroupRoot, machinePaths } from '#host/machines/machine.ts'
import { endProcessesInside, ensureNamespaces, removeNamespaces } from '#host/machines/namespaces.ts'
import { certificateTools } from '#host/node-certificates.ts'
import { processEnvironment, processFlags, processProgram } from '#host/node-process.ts'
import { isThere } from '#host/packages.ts'
import { run } from '#host/run.ts'

const needed = ['containerd', 'runc', 'nft', 'ip', 'nsenter', 'unshare', 'curl', '/usr/lib/cni/bridge']
const skip = process.getuid?.() !== 0 ? 'needs root' : needed.every(isThere) ? false : `needs ${needed.join(', ')}`
const options = { skip, timeout: 180_000 }
const program = fileURLToPath(new URL('../../main/wherry.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'wherry-join-'))
const ground: Layout = { dataDirectory: join(folder, 'data'), runDirectory: join(folder, 'run') }
const home = machinePaths(ground, 'join-a').layout
/** Not where its namespaces are kept: a reset removes all of it. */
const away: Layout = { dataDirectory: join(folder, 'away', 'data'), runDirectory: join(folder, 'away', 'run') }
const [homeAddress, awayAddress] = ['198.51.100.1', '198.51.100.2']
let words: string[] = []

before(async () => {
  if (skip !== false) return
  for (const name of ['join-a', 'join-b']) {
    mkdirSync(machinePaths(ground, name).layout.dataDirectory, { recursive: true })
    await ensureNamespaces(ground, name)
  }
  const [one, other] = ['join-a', 'join-b'].map((name) => machinePaths(ground, name).files.net)
  await run('ip', ['link', 'add', 'name', 'eth0', 'netns', one!, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', other!])
  for (const [name, address] of [
    ['join-a', homeAddress],
    ['join-b', awayAddress],
  ] as const) {
    await inside(name, 'ip', ['link', 'set', 'lo', 'up'])
    await inside(name, 'ip', ['address', 'add', `${address}/24`, 'dev', 'eth0'])
    await inside(name, 'ip', ['link', 'set', 'eth0', 'up'])
  }
  writeConfig(paths(home).config, { ...defaultConfig(), nodeName: 'join-a', nodeAddress: homeAddress } as Config)
  const [command, ...args] = [...entering(ground, 'join-a'), process.execPath, ...processFlags('server'), processProgram('server')]
  const { serverPid, serverLog } = paths(home)
  startDaemon({ command: command!, args, pidFile: serverPid, logFile: serverLog, env: processEnvironment(home) })
  await until(async () => (await ask('/readyz')) === 'ok')
})

after(async () => {
  if (skip !== false) return
  for (const [name, layout] of [
    ['join-b', away],
    ['join-a', home],
  ] as const) {
    for (const file of [paths(layout).agentPid, paths(layout).serverPid]) await stopDaemon(file)
    await stopDaemon(containerdPidFile({ stateDirectory: paths(layout).containerdState }))
    await endProcessesInside(ground, name)
    await removeNamespaces(ground, name)
  }
  rmSync(folder, { recursive: true, force: true })
})

test('who pins another authority, or has no token that serves, hears it and is left as before', options, async () => {
  const line = (await wherry('join-a', home, ['token', 'create', '--print-join-command'])).out
  words = line.trim().split(' ').slice(1)
  assert.deepEqual(words.slice(0, 2), ['join', `https://${homeAddress}:6443`])
  const wrong = await wherry('join-b', away, [...words.slice(0, -1), `sha256:${'1'.repeat(64)}`])
  assert.match(wrong.err, /not the server that the CA certificate hash pins/)
  const unknown = await wherry(
    'join-b',
    away,
    words.map((word) => word.replace(/\..{16}$/, '.0000000000000000')),
  )
  assert.match(unknown.err, /does not know this token/)
  assert.equal(existsSync(paths(away).config), false)
})

test('a machine joins by the printed command', options, async () => {
  // The kernel's cgroups are those of the machine that this test runs on.
  const given = { ...defaultConfig(), nodeName: 'join-b', nodeAddress: awayAddress, server: `https://${homeAddress}:6443` }
  writeConfig(paths(away).config, { ...given, cgroupRoot: machineCgroupRoot('join-b') } as Config)
  const { code, out, err } = await wherry('join-b', away, words)
  assert.equal(code, 0, `${out}${err}${logOf(away)}`)
  assert.match(out, /This machine is node join-b of the cluster at https:\/\/198\.51\.100\.1:6443/)
  assert.equal(existsSync(paths(away).bootstrapToken), false, 'the token is dropped')
  assert.equal(existsSync(paths(away).serverPid), false)
  const node = JSON.parse(await ask('/api/v1/nodes/join-b')) as { status: { addresses: { type: string; address: string }[] } }
  assert.deepEqual(node.status.addresses.find(({ type }) => type === 'InternalIP')?.address, awayAddress)
  // Through the API server, which believes the kubelet by its certificate alone.
  await until(async () => (await ask('/api/v1/nodes/join-b/proxy/healthz')) === 'ok')
  const pair = readFileSync(join(paths(away).kubelet, 'pki', 'kubelet-serving-current.pem'), 'utf8')
  const { dnsNames, addresses } = certificateTools.facts(pair)
  assert.deepEqual([dnsNames, addresses], [['join-b'], [awayAddress]])
})

test('it tells how it is, stops, starts again, and joins a second time', options, async () => {
  const status = await wherry('join-b', away, ['status'])
  assert.equal(status.code, 0, status.out)
  assert.match(status.out, /API {5}https:\/\/198\.51\.100\.1:6443\nagent {3}runs .*\nnode {4}join-b {2}198\.51\.100\.2 {2}ready/)
  assert.match(
    (await wherry('join-b', away, ['token', 'list'])).err,
    /this machine is node join-b of the cluster at .* administrator is elsewhere/,
  )
  assert.equal((await wherry('join-b', away, ['down'])).code, 0)
  assert.equal(findDaemon(paths(away).agentPid), undefined)
  const up = await wherry('join-b', away, ['up'])
  assert.match(up.out, /This machine's node join-b .* is up/, up.err)
  assert.match((await wherry('join-b', away, ['up', '--nodes', '2'])).err, /--nodes is not for it to choose/)
  const again = await wherry('join-b', away, words)
  assert.match(again.out, /joined already/, again.err)
  assert.equal(readConfig(paths(away).config)?.cgroupRoot, machineCgroupRoot('join-b'), 'its own settings stay')
})

test('the server takes up names that are added to its configuration', options, async () => {
  const config = readConfig(paths(home).config)!
  writeConfig(paths(home).config, { ...config, serverNames: ['cluster.example.org'] })
  const where = ['--resolve', `cluster.example.org:6443:${homeAddress}`, '--cacert', paths(home).caCertificate]
  await until(async () => {
    const { stdout } = await inside('join-b', 'curl', ['-s', ...where, 'https://cluster.example.org:6443/readyz'], [60, 7])
    return stdout === 'ok'
  })
  assert.match(new X509Certificate(readFileSync(join(paths(home).pki, 'apiserver.crt'))).subjectAltName ?? '', /cluster\.example\.org/)
})

test('after a reset nothing is left but the Node, under whose name nobody else joins while it is ready', options, async () => {
  const { code, out, err } = await wherry('join-b', away, ['reset'])
  assert.equal(code, 0, err)
  assert.match(out, /Nothing is left of node join-b here\. The cluster at .* kubectl delete node join-b/)
  assert.equal(existsSync(away.dataDirectory), false)
  assert.match(
    (await wherry('join-b', away, [...words, '--node-name', 'join-b'])).err,
    /has a node join-b that is ready; choose another --node-name/,
  )
})

async function wherry(name: string, layout: Layout, given: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const env = {
    WHERRY_DATA: layout.dataDirectory,
    WHERRY_RUN: layout.runDirectory,
    KUBECONFIG: join(folder, 'kubeconfig'),
  }
  const [command, ...before] = [...entering(ground, name), process.execPath, '--disable-warning=ExperimentalWarning', program]
  const { code, stdout, stderr } = await run(command!, [...before, ...given], { env, timeoutMs: 120_000, accept: [1, 2, 69, 77] })
  return { code, out: stdout, err: stderr }
}

const inside = (name: string, command: string, args: readonly string[], accept: readonly number[] = []) => {
  const [first, ...before] = [...entering(ground, name), command]
  return run(first!, [...before, ...args], { accept })
}

/** As the administrator, from the server's machine. */
async function ask(path: string): Promise<string> {
  const { pki, caCertificate } = paths(home)
  const who = ['--cacert', caCertificate, '--cert', join(pki, 'admin.crt'), '--key', join(pki, 'admin.key')]
  return (await inside('join-a', 'curl', ['-s', ...who, `https://127.0.0.1:6443${path}`], [7, 35, 56, 58, 77])).stdout
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await isSo()); await delay(100))
    if (Date.now() > end) assert.fail(`it did not come so within 30 s\n${logOf(away)}`)
}

const logOf = (layout: Layout): string =>
  existsSync(paths(layout).agentLog) ? readFileSync(paths(layout).agentLog, 'utf8').split('\n').slice(-20).join('\n') : ''
