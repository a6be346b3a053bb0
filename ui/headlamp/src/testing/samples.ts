import fs from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { MesosObject } from '../state/conditions';

/** The root of the repository, whose own objects are what is looked at here. */
const root = path.resolve(__dirname, '../../../..');

/** The objects of a YAML file of the repository. */
export function objectsIn(file: string): MesosObject[] {
  return parseAllDocuments(fs.readFileSync(path.join(root, file), 'utf8'))
    .map(document => document.toJS())
    .filter(object => object?.apiVersion?.startsWith('mesos.dev/'));
}

/** All objects of the samples. */
export function sampleObjects(): MesosObject[] {
  const folder = 'config/samples';
  return fs
    .readdirSync(path.join(root, folder))
    .filter(name => name.endsWith('.yaml'))
    .flatMap(name => objectsIn(path.join(folder, name)));
}

/** Where what Argo CD makes of objects is kept. */
const argo = 'config/argocd/resource_customizations/mesos.dev';

/** An object of the repository by its kind and file, such as MesosTask and failed. */
export function argoObject<T extends MesosObject>(kind: string, name: string): T {
  return objectsIn(`${argo}/${kind}/testdata/${name}.yaml`)[0] as T;
}

/** What Argo CD says of the health of each object of a kind. */
export function argoHealth(kind: string): Array<{ name: string; status: string; message: string }> {
  const file = path.join(root, argo, kind, 'health_test.yaml');
  return parse(fs.readFileSync(file, 'utf8')).tests.map((test: any) => ({
    name: path.basename(test.inputPath, '.yaml'),
    ...test.healthStatus,
  }));
}

export interface ActionCase {
  action: string;
  before: MesosObject;
  after: MesosObject;
}

/** What each of Argo CD's actions makes of an object of a kind. */
export function argoActions(kind: string): ActionCase[] {
  const folder = path.join(argo, kind, 'actions');
  const { actionTests } = parse(
    fs.readFileSync(path.join(root, folder, 'action_test.yaml'), 'utf8')
  );
  return actionTests.map((test: any) => ({
    action: test.action,
    before: objectsIn(path.join(folder, test.inputPath))[0],
    after: objectsIn(path.join(folder, test.expectedOutputPath))[0],
  }));
}

/** The reasons of conditions that the API declares, by the constants' comments. */
export function declaredReasons(): string[] {
  const source = fs.readFileSync(path.join(root, 'api/v1alpha1/condition_types.go'), 'utf8');
  return [...source.matchAll(/^\tReason\w+ = "(\w+)"/gm)].map(([, reason]) => reason);
}
