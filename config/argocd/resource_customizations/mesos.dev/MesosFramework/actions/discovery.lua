-- What a person may do to a MesosFramework from Argo CD.
return {
  reconcile = {disabled = obj.metadata.deletionTimestamp ~= nil},
}
