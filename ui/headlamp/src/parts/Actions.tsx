import { clusterAction } from '@kinvolk/headlamp-plugin/lib';
import {
  ActionButton,
  AuthVisible,
  ConfirmDialog,
} from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import type { KubeObject } from '@kinvolk/headlamp-plugin/lib/k8s/cluster';
import { useState } from 'react';
import type { Action } from '../state/actions';

/** The buttons for what a person may do to an object, those that its permissions allow. */
export function actionButtons(item: KubeObject | null, actions: Action[]) {
  return item
    ? actions.map(action => <ActionOn key={action.id} item={item} action={action} />)
    : [];
}

function ActionOn({ item, action }: { item: KubeObject; action: Action }) {
  const [asking, setAsking] = useState(false);
  const name = item.getName();
  const act = () =>
    clusterAction(() => item.patch(action.patch(new Date()) as Parameters<typeof item.patch>[0]), {
      startMessage: `${action.label}: ${name}…`,
      cancelledMessage: `${action.label}: ${name}: cancelled.`,
      successMessage: `${action.label}: ${name}: done.`,
      errorMessage: `${action.label}: ${name}: the API server refused it.`,
    });
  return (
    <AuthVisible item={item} authVerb="patch">
      <ActionButton
        description={action.label}
        icon={action.icon}
        onClick={() => (action.question ? setAsking(true) : act())}
      />
      {action.question && (
        <ConfirmDialog
          open={asking}
          title={action.label}
          description={action.question}
          handleClose={() => setAsking(false)}
          onConfirm={act}
        />
      )}
    </AuthVisible>
  );
}
