from flask import Blueprint

pages = Blueprint("webhooks", __name__)
