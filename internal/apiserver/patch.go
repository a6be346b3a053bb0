package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
)

// patched is an object with a patch.
func (k *kind) patched(existing *unstructured.Unstructured, how types.PatchType, patch []byte) (*unstructured.Unstructured, error) {
	if existing == nil {
		return nil, apierrors.NewNotFound(k.resource(), "")
	}
	before, err := json.Marshal(existing.Object)
	if err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	after, err := k.patchedJSON(before, how, patch)
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(after); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return object, nil
}

// patchedJSON applies a patch. One whose test fails is answered with 422, as is one whose path does not exist.
func (k *kind) patchedJSON(before []byte, how types.PatchType, patch []byte) ([]byte, error) {
	switch how {
	case types.JSONPatchType:
		decoded, err := jsonpatch.DecodePatch(patch)
		if err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
		}
		after, err := decoded.Apply(before)
		if err != nil {
			return nil, unprocessable(err)
		}
		return after, nil
	case types.MergePatchType:
		after, err := jsonpatch.MergePatch(before, patch)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		return after, nil
	case types.StrategicMergePatchType:
		typed, err := clientgoscheme.Scheme.New(k.GroupVersionKind)
		if err != nil {
			return nil, unsupported(how)
		}
		after, err := strategicpatch.StrategicMergePatch(before, patch, typed)
		if err != nil {
			return nil, unprocessable(err)
		}
		return after, nil
	default:
		return nil, unsupported(how)
	}
}

func unprocessable(err error) error {
	return apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
}

func unsupported(how types.PatchType) error {
	known := errors.New("the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json")
	err := apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, "", schema.GroupResource{}, "", known.Error(), 0, true)
	err.ErrStatus.Message = fmt.Sprintf("%s: %s", how, known)
	return err
}
