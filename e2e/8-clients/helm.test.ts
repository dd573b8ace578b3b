/** A chart's life in the hands of helm: installed, tested, upgraded, looked at, rolled back, uninstalled. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Said, until } from '../support/cluster.ts'
import { kitPrograms, programNamed } from '../support/programs.ts'
import { startServer, type TestServer } from '../support/server.ts'

const helm = programNamed('helm')
const skip = helm === undefined && `helm is neither in the PATH nor in ${kitPrograms}`

const chart: Record<string, string> = {
  'Chart.yaml': `apiVersion: v2
name: boat
version: 0.1.0
appVersion: "1"
`,
  'values.yaml': `image: boat:1
replicas: 0
greeting: ahoy
`,
  'crds/crew.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: crews.helm.wherry.example
spec:
  group: helm.wherry.example
  names: { plural: crews, kind: Crew }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, properties: { members: { type: array, items: { type: string } } } }
`,
  'templates/crew.yaml': `apiVersion: helm.wherry.example/v1
kind: Crew
metadata:
  name: {{ .Release.Name }}
spec:
  members: [ann, {{ .Values.greeting }}]
`,
  'templates/configmap.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels: { app.kubernetes.io/managed-by: {{ .Release.Service }} }
data:
  greeting: {{ .Values.greeting }}
  revision: "{{ .Release.Revision }}"
  kubernetes: {{ .Capabilities.KubeVersion.Version }}
  {{- $found := lookup "v1" "ConfigMap" .Release.Namespace "looked-up" }}
  looked: {{ ($found.data).secret | default "nothing" }}
  {{- if .Capabilities.APIVersions.Has "apps/v1/Deployment" }}
  deployments: "yes"
  {{- end }}
`,
  'templates/service.yaml': `apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: { app: {{ .Release.Name }} }
  ports:
    - { name: http, port: 80, targetPort: 8080 }
`,
  'templates/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: { app: {{ .Release.Name }} }
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
    spec:
      containers:
        - { name: boat, image: {{ .Values.image }}, ports: [{ containerPort: 8080 }] }
`,
  ...Object.fromEntries(
    ['pre-install', 'post-install', 'pre-upgrade', 'post-delete'].map((hook) => [
      `templates/hook-${hook}.yaml`,
      `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-${hook}
  annotations:
    helm.sh/hook: ${hook}
    helm.sh/hook-weight: "1"
    helm.sh/hook-delete-policy: before-hook-creation
data: { when: ${hook} }
`,
    ]),
  ),
  // A hook that helm waits for: the test does it, as there is no node here.
  'templates/hook-pod.yaml': `apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-prepare
  annotations:
    helm.sh/hook: pre-install
    helm.sh/hook-weight: "2"
    helm.sh/hook-delete-policy: hook-succeeded
spec:
  restartPolicy: Never
  containers: [{ name: prepare, image: boat:1 }]
`,
  'templates/tests/reaches.yaml': `apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations: { helm.sh/hook: test }
spec:
  restartPolicy: Never
  containers: [{ name: test, image: boat:1, command: [reach, {{ .Release.Name }}] }]
`,
}

describe('helm', { skip }, () => {
  let server: TestServer
  let folder: string
  const namespace = 'harbour'
  const at = (path: string) => `/api/v1/namespaces/${namespace}/${path}`

  before(async () => {
    server = await startServer()
    folder = join(server.folder, 'boat')
    for (const [path, content] of Object.entries(chart)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    await server.ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
    await server.ask('POST', at('configmaps'), { metadata: { name: 'looked-up' }, data: { secret: 'treasure' } })
  })
  after(() => server?.close())

  /** Helm is awaited while the test does what a node would do. */
  function run(...words: string[]): Promise<Said> {
    const homes = Object.fromEntries(['CACHE', 'CONFIG', 'DATA'].map((kind) => [`HELM_${kind}_HOME`, join(server.folder, 'helm', kind)]))
    const child = spawn(helm!, [...words, '--namespace', namespace], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...homes, KUBECONFIG: server.kubeconfig },
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (bytes: Buffer) => void (out += bytes))
    child.stderr.on('data', (bytes: Buffer) => void (err += bytes))
    return new Promise((resolve, reject) => child.once('error', reject).once('close', (code) => resolve({ code: code ?? 1, out, err })))
  }
  async function works(...words: string[]): Promise<string> {
    const said = await run(...words)
    assert.equal(said.code, 0, `helm ${words.join(' ')}: ${said.err}${said.out}`)
    return said.out
  }
  const data = async (name = 'boat'): Promise<Record<string, string>> =>
    (await server.ask('GET', at(`configmaps/${name}`)))['data'] as Record<string, string>
  const gone = (path: string) => assert.rejects(server.ask('GET', path), /answered with 404/)
  const deployment = async () =>
    (await server.ask('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/boat`)) as {
      spec: { replicas: number; template: { spec: { containers: { image: string }[] } } }
    }

  /** What a kubelet would say of a pod that has done its work. */
  const succeed = (pod: string) =>
    server.ask('PATCH', at(`pods/${pod}/status`), { status: { phase: 'Succeeded' } }, 'application/merge-patch+json')

  test('install: definitions first, hooks in their places, values looked up in the cluster', async () => {
    const installing = run('install', 'boat', folder, '--wait', '--timeout', '60s')
    await until('the pod of the hook', () => server.ask('GET', at('pods/boat-prepare')))
    assert.equal((await data('boat-pre-install'))['when'], 'pre-install')
    await gone(at('configmaps/boat-post-install'))
    await gone(at('configmaps/boat'))
    await succeed('boat-prepare')
    const said = await installing
    assert.equal(said.code, 0, said.err + said.out)
    assert.match(said.out, /STATUS: deployed\nREVISION: 1/)
    const { kubernetes, ...rest } = await data()
    assert.match(kubernetes!, /^v1\.36\./)
    assert.deepEqual(rest, { greeting: 'ahoy', revision: '1', looked: 'treasure', deployments: 'yes' })
    assert.equal((await data('boat-post-install'))['when'], 'post-install')
    await gone(at('pods/boat-prepare'))
    const crew = await server.ask('GET', `/apis/helm.wherry.example/v1/namespaces/${namespace}/crews/boat`)
    assert.deepEqual(crew['spec'], { members: ['ann', 'ahoy'] })
    assert.match((await run('install', 'boat', folder)).err, /cannot re-?use a name that is still in use/)
  })

  test('test: a pod that succeeds, and one that fails', async () => {
    const testing = run('test', 'boat', '--timeout', '60s')
    await until('the test pod', () => server.ask('GET', at('pods/boat-test')))
    await succeed('boat-test')
    const said = await testing
    assert.equal(said.code, 0, said.err + said.out)
    assert.match(said.out, /TEST SUITE: +boat-test[\s\S]*Phase: +Succeeded/)
    const { metadata } = (await server.ask('GET', at('pods/boat-test'))) as { metadata: { uid: string } }
    const failing = run('test', 'boat', '--timeout', '60s')
    await until('another test pod', async () => {
      const found = (await server.ask('GET', at('pods/boat-test'))) as { metadata: { uid: string } }
      return found.metadata.uid !== metadata.uid
    })
    await server.ask('PATCH', at('pods/boat-test/status'), { status: { phase: 'Failed' } }, 'application/merge-patch+json')
    assert.notEqual((await failing).code, 0)
  })

  test('upgrade changes what differs, and keeps what others wrote', async () => {
    await server.ask('PATCH', at('services/boat'), { metadata: { labels: { by: 'somebody' } } }, 'application/merge-patch+json')
    assert.match(await works('upgrade', 'boat', folder, '--set', 'greeting=hello,image=boat:2'), /REVISION: 2/)
    const { greeting, revision } = await data()
    assert.deepEqual([greeting, revision], ['hello', '2'])
    assert.equal((await deployment()).spec.template.spec.containers[0]!.image, 'boat:2')
    assert.equal((await data('boat-pre-upgrade'))['when'], 'pre-upgrade')
    const { metadata } = (await server.ask('GET', at('services/boat'))) as { metadata: { labels: Record<string, string> } }
    assert.equal(metadata.labels['by'], 'somebody')
    const crew = await server.ask('GET', `/apis/helm.wherry.example/v1/namespaces/${namespace}/crews/boat`)
    assert.deepEqual(crew['spec'], { members: ['ann', 'hello'] })
    const refused = await run('upgrade', 'boat', folder, '--set', 'greeting=hello,replicas=-1')
    assert.notEqual(refused.code, 0)
    assert.match(refused.err, /spec\.replicas: Invalid value: -1/)
    assert.match(await works('upgrade', 'boat', folder, '--dry-run=server', '--set', 'greeting=never'), /looked: treasure/)
    assert.equal((await data())['greeting'], 'hello')
  })

  test('history, status, get, list, template', async () => {
    // Helm 4 shows them unasked.
    const showResources = (await works('version', '--short')).startsWith('v3') ? ['--show-resources'] : []
    const history = JSON.parse(await works('history', 'boat', '-o', 'json')) as { revision: number; status: string }[]
    assert.deepEqual(
      history.map(({ revision, status }) => `${revision} ${status}`),
      ['1 superseded', '2 deployed', '3 failed'],
    )
    assert.equal(JSON.parse(await works('status', 'boat', '-o', 'json')).info.status, 'failed')
    assert.match(await works('get', 'manifest', 'boat', '--revision', '2'), /image: boat:2/)
    assert.match(await works('get', 'values', 'boat', '--revision', '2'), /greeting: hello/)
    assert.match(await works('get', 'hooks', 'boat'), /boat-pre-install/)
    assert.match(await works('status', 'boat', ...showResources), /==> v1\/Deployment\nNAME +READY +UP-TO-DATE +AVAILABLE +AGE\nboat/)
    assert.match(await works('list'), /boat\s+harbour\s+3/)
    assert.match(await works('template', 'boat', folder, '--validate'), /kind: Deployment/)
  })

  test('rollback', async () => {
    await works('rollback', 'boat', '1')
    assert.equal((await data())['greeting'], 'ahoy')
    assert.equal((await deployment()).spec.template.spec.containers[0]!.image, 'boat:1')
    const history = JSON.parse(await works('history', 'boat', '-o', 'json')) as { revision: number; description: string }[]
    assert.match(history.at(-1)!.description, /Rollback to 1/)
  })

  test('uninstall takes everything but definitions', async () => {
    assert.match(await works('uninstall', 'boat', '--wait', '--cascade', 'foreground', '--timeout', '60s'), /release "boat" uninstalled/)
    for (const path of [at('configmaps/boat'), at('services/boat'), `/apis/apps/v1/namespaces/${namespace}/deployments/boat`])
      await gone(path)
    await gone(`/apis/helm.wherry.example/v1/namespaces/${namespace}/crews/boat`)
    assert.equal((await data('boat-post-delete'))['when'], 'post-delete')
    assert.deepEqual(((await server.ask('GET', at('secrets?labelSelector=owner=helm'))) as { items: unknown[] }).items, [])
    await server.ask('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/crews.helm.wherry.example')
  })
})
