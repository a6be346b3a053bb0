import { KubeObject } from '@kinvolk/headlamp-plugin/lib/k8s/cluster';
import type { MesosCronTask, MesosFramework, MesosTask, MesosTaskSet } from './api.gen';

const group = 'mesos.dev/v1alpha1';

/** The kinds as Headlamp reads and watches them. Routes bear their names: what links to an object finds its page by its kind. */
export class Task extends KubeObject<MesosTask> {
  static kind = 'MesosTask';
  static apiName = 'mesostasks';
  static apiVersion = group;
  static isNamespaced = true;
}

export class TaskSet extends KubeObject<MesosTaskSet> {
  static kind = 'MesosTaskSet';
  static apiName = 'mesostasksets';
  static apiVersion = group;
  static isNamespaced = true;
  // Headlamp's own button for scaling goes by this, and reads spec.
  static isScalable = true;

  get spec() {
    return this.jsonData.spec;
  }
}

export class CronTask extends KubeObject<MesosCronTask> {
  static kind = 'MesosCronTask';
  static apiName = 'mesoscrontasks';
  static apiVersion = group;
  static isNamespaced = true;
}

export class Framework extends KubeObject<MesosFramework> {
  static kind = 'MesosFramework';
  static apiName = 'mesosframeworks';
  static apiVersion = group;
  static isNamespaced = false;
}
