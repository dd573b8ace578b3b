import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { defaultConfig, readConfig, writeConfig } from './config.ts'
import { type ContainerdOptions, checkCgroupDriver, containerdConfig } from './containerd.ts'
import { findDaemon, startDaemon, stopDaemon } from './daemon.ts'
import { tryLock } from './lock.ts'
import { containerdOptions } from './node-containerd.ts'
import { installPackages, missing } from './packages.ts'
import { run } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-machine-'))
after(() => rmSync(folder, { recursive: true }))

test('a program that is not there, fails, or hangs: three different errors', async () => {
  await assert.rejects(run('no-such-program', []), (error) => isError(error, 'NotFound'))
  await assert.rejects(run('sh', ['-c', 'echo why >&2; exit 3']), /ended with 3: why/)
  await assert.rejects(run('sleep', ['60'], { timeoutMs: 50 }), (error) => isError(error, 'Timeout'))
  assert.equal((await run('sh', ['-c', 'exit 3'], { accept: [3] })).code, 3)
  assert.equal((await run('cat', [], { input: 'hello' })).stdout, 'hello')
  assert.equal((await run('true', [], { input: 'x'.repeat(1 << 20) })).code, 0, 'a program need not read its input')
})

test('a daemon outlives the call, is found again, and ends when told, even if it will not', async () => {
  const pidFile = join(folder, 'daemon.pid')
  const logFile = join(folder, 'daemon.log')
  assert.equal(findDaemon(pidFile), undefined)
  const daemon = startDaemon({ command: 'sh', args: ['-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done'], pidFile, logFile })
  assert.equal(findDaemon(pidFile)?.pid, daemon.pid)
  while (!readFileSync(logFile, 'utf8').includes('up')) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(await stopDaemon(pidFile, 100), true)
  assert.equal(findDaemon(pidFile), undefined)
})

test('a number that another process has now is not our daemon', () => {
  const pidFile = join(folder, 'foreign.pid')
  writeFileSync(pidFile, JSON.stringify({ pid: process.pid, startTicks: '1' }))
  assert.equal(findDaemon(pidFile), undefined)
})

test('a daemon whose program is missing is an error, and nothing is remembered of it', async () => {
  const pidFile = join(folder, 'missing.pid')
  assert.throws(
    () => startDaemon({ command: 'no-such-program', args: [], pidFile, logFile: join(folder, 'missing.log') }),
    (error) => isError(error, 'NotFound'),
  )
  // The failure is told a second time, as an event.
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(findDaemon(pidFile), undefined)
})

test('a lock has one holder, and is free as soon as that one is gone, even if it was killed', async () => {
  const file = join(folder, 'run', 'some.lock')
  const release = tryLock(file)
  assert.ok(release)
  assert.equal(tryLock(file), undefined)
  release()
  const program = `const { tryLock } = await import('${new URL('./lock.ts', import.meta.url)}'); console.log(Boolean(tryLock('${file}'))); setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program])
  const [said] = (await once(holder.stdout, 'data')) as [Buffer]
  assert.equal(said.toString(), 'true\n')
  assert.equal(tryLock(file), undefined)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const again = tryLock(file)
  assert.ok(again)
  again()
})

checkConfig('apiPort: 7443\n', undefined)
checkConfig('apiPort: many\n', /apiPort must be a number, not "many"/)
checkConfig('apiprot: 1\n', /there is no setting "apiprot"; known are nodeName/)
checkConfig('- a\n', /must hold settings/)
checkConfig('a: [\n', /is not YAML/)

test('a configuration comes back as it was written', () => {
  const file = join(folder, 'written.yaml')
  const config = { ...defaultConfig(), apiPort: 1234 }
  writeConfig(file, config)
  assert.deepEqual(readConfig(file), config)
  assert.equal(readConfig(join(folder, 'absent.yaml')), undefined)
})

test('packages: what is missing, by name, and without apt the names are told', async () => {
  const wanted = [
    { needs: 'no-such-program', package: 'some-package' },
    { needs: 'sh', package: 'dash' },
  ]
  assert.deepEqual(missing(wanted), [wanted[0]])
  const path = process.env['PATH']
  process.env['PATH'] = ''
  try {
    assert.deepEqual(await installPackages([]), [])
  } finally {
    process.env['PATH'] = path
  }
})

test('containerd is told about what the machine may not do', () => {
  const options = {
    rootDirectory: '/r',
    stateDirectory: '/s',
    logFile: '/l',
    cniConfigDirectory: '/c',
    cniBinaryDirectories: ['/usr/lib/cni'],
  }
  assert.match(containerdConfig(options, false), /restrict_oom_score_adj = true/)
  assert.match(containerdConfig(options, true), /restrict_oom_score_adj = false/)
})

test('the cgroup driver of the configuration is containerd’s; one that runs with another is not taken', () => {
  const layout = { dataDirectory: join(folder, 'driver'), runDirectory: join(folder, 'driver-run') }
  const plain = containerdOptions(layout)
  const systemd = containerdOptions(layout, { kubelet: { cgroupDriver: 'systemd' } })
  const driverIn = (options: ContainerdOptions) =>
    [...containerdConfig(options, true).matchAll(/SystemdCgroup = (\w+)/g)].map(([, is]) => is)
  assert.deepEqual(new Set(driverIn(plain)), new Set(['false']))
  assert.deepEqual(new Set(driverIn(systemd)), new Set(['true']))
  mkdirSync(plain.rootDirectory, { recursive: true })
  for (const [running, other] of [
    [plain, systemd],
    [systemd, plain],
  ] as const) {
    writeFileSync(join(running.rootDirectory, 'config.toml'), containerdConfig(running, true))
    checkCgroupDriver(running)
    assert.throws(() => checkCgroupDriver(other), {
      code: 'Invalid',
      message: /^kubelet\.cgroupDriver is \w+, and the containerd that runs was/,
    })
  }
})

test('containerd takes handlers of the user’s own, beside those that there are', () => {
  const handlers = { light: { program: '/opt/light/run' }, kata: { program: '/opt/kata/shim', runtimeType: 'io.containerd.kata.v2' } }
  const options = { ...containerdOptions({ dataDirectory: '/r', runDirectory: '/s' }), runtimes: [{ name: 'runc' }], handlers }
  const text = containerdConfig(options, true)
  assert.match(
    text,
    /runtimes\."light"\]\n {2}runtime_type = "io\.containerd\.runc\.v2"\n[^[]*\[[^\]]*options\]\n {2}BinaryName = "\/opt\/light\/run"/,
  )
  assert.match(text, /runtimes\."kata"\]\n {2}runtime_type = "io\.containerd\.kata\.v2"\n {2}runtime_path = "\/opt\/kata\/shim"\n/)
  assert.match(text, /default_runtime_name = "runc"/)
})

checkConfig(
  'apiPort: 7443\nruntimeHandlers: {gvisor: {program: /opt/runsc, runtimeType: io.containerd.runsc.v1}, light: {program: /opt/light}}\n',
  undefined,
)
checkConfig('runtimeHandlers: {light: {program: light}}\n', /runtimeHandlers must be a mapping of handlers/)
checkConfig('runtimeHandlers: {light: {}}\n', /runtimeHandlers must be/)
checkConfig('runtimeHandlers: {light: /opt/light}\n', /runtimeHandlers must be/)
checkConfig('runtimeHandlers: {light: {program: /opt/light, runtimeType: light}}\n', /runtimeHandlers must be/)
checkConfig('runtimeHandlers: {light: {program: /opt/light, binary: x}}\n', /runtimeHandlers must be/)
checkConfig('runtimeHandlers: {runc: {program: /opt/light}}\n', /other than runc and crun/)
checkConfig('runtimeHandlers: {"a.b": {program: /opt/light}}\n', /runtimeHandlers must be/)

function checkConfig(text: string, problem: RegExp | undefined): void {
  test(`configuration ${JSON.stringify(text)}`, () => {
    const file = join(folder, 'config.yaml')
    writeFileSync(file, text)
    if (problem) assert.throws(() => readConfig(file), problem)
    else assert.equal(readConfig(file)?.apiPort, 7443)
  })
}
