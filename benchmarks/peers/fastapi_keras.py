"""FastAPI with `model.predict` in the handler: what a reader of a tutorial would write."""

import io
import os

import keras
import numpy as np
import uvicorn
from fastapi import FastAPI, UploadFile
from PIL import Image

app = FastAPI()
model = keras.saving.load_model(os.environ["MODEL_KERAS"], compile=False)
height, width = model.input_shape[1:3]


@app.post("/predict")
async def predict(file: UploadFile) -> dict[str, list[float]]:
    """Decode, resize, ask."""
    image = Image.open(io.BytesIO(await file.read())).convert("RGB").resize((width, height))
    answer = model.predict(np.array(image)[None], verbose=0)
    return {"probabilities": answer["probabilities"][0].tolist()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning")
